import type { EventData } from '../../events/vocabulary.ts';
import { type Decision, decided, rejected } from '../decision.ts';
import type { Masters } from '../masters/state.ts';
import type { Workers } from '../workers/state.ts';
import type { Keys } from './state.ts';

export interface RotateSecret extends EventData<'MasterSecretRotated'> {
  readonly kind: 'rotate-secret';
  /** Workers that do not accept the new secret, as far as the leader knows. */
  readonly workersWithout: readonly string[];
}
export interface NoteReencryption extends EventData<'SecretsReencrypted'> {
  readonly kind: 'note-reencryption';
}
export interface CreateWorkerCa extends EventData<'WorkerCaCreated'> {
  readonly kind: 'create-worker-ca';
  /** The CAs that its maker knew of; another one meanwhile makes this one superfluous. */
  readonly after: readonly string[];
}
export interface NoteWorkerCertificate extends EventData<'WorkerCertificateRenewed'> {
  readonly kind: 'note-worker-certificate';
}
export interface NoteMasterCertificate extends EventData<'MasterCertificateReplaced'> {
  readonly kind: 'note-master-certificate';
}

/**
 * The log goes over to another key when nobody is left who would not accept it: a master that cannot read the log cannot
 * follow, and a worker that refuses tokens cuts a stream. A key that was given up never comes back: whoever has it still
 * could forge.
 */
export function rotateSecret(keys: Keys, masters: Masters, workers: Workers, command: RotateSecret): Decision {
  const { sealId, previous, vouched, workersWithout } = command;
  if (sealId === (keys.current ?? previous)) return decided();
  if (keys.retired.includes(sealId)) {
    return rejected(412, 'key-retired', `master secret ${sealId} was in use before and was given up: choose a new one`);
  }
  const isMissing = [...masters.values()].some((master) => !(master.sealIds ?? []).includes(sealId));
  if (isMissing || workersWithout.some((workerId) => workers.byId.has(workerId))) return decided();
  return decided({ type: 'MasterSecretRotated', data: { sealId, previous, vouched } });
}

export function noteReencryption(keys: Keys, { sealId, count }: NoteReencryption): Decision {
  if (keys.current !== sealId || keys.reencrypted) return decided();
  return decided({ type: 'SecretsReencrypted', data: { sealId, count } });
}

/** No event when there is another one by now than its maker knew of. */
export function createWorkerCa(keys: Keys, command: CreateWorkerCa): Decision {
  const { kind: _kind, after, ...data } = command;
  const known = keys.workerCas.map(({ caId }) => caId);
  if (known.some((caId) => !after.includes(caId))) return decided();
  return decided({ type: 'WorkerCaCreated', data });
}

export function noteWorkerCertificate({ kind: _kind, ...data }: NoteWorkerCertificate): Decision {
  return decided({ type: 'WorkerCertificateRenewed', data });
}

export function noteMasterCertificate({ kind: _kind, ...data }: NoteMasterCertificate): Decision {
  return decided({ type: 'MasterCertificateReplaced', data });
}
