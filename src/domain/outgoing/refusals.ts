import { type Decision, rejected } from '../decision.ts';

export function notRegistered(targetId: string): Decision {
  return rejected(404, 'unknown-target', `no target ${targetId} is registered here`);
}

/** An id belongs to the certificate that registered it (S23). */
export function notYours(targetId: string): Decision {
  return rejected(403, 'other-certificate', `target ${targetId} was registered with another client certificate`);
}
