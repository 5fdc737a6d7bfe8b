import { type Decision, rejected } from '../decision.ts';

export function notRegistered(targetId: string): Decision {
  return rejected(404, 'unknown-target', `no target ${targetId} is registered here`);
}

/** Somebody asks who did not know yet that it was over: the target's leader of before, or a slow network (S12). */
export function epochEnded(targetId: string, epoch: number): Decision {
  const message = `synchronization ${epoch} of target ${targetId} has ended here: configure the target again`;
  return rejected(412, 'epoch-ended', message);
}

/** An id belongs to the certificate that registered it (S23). */
export function notYours(targetId: string): Decision {
  return rejected(403, 'other-certificate', `target ${targetId} was registered with another client certificate`);
}
