import { z } from 'zod';
import { Name } from './parts.ts';

/** RFC 3339. */
const Moment = z.iso.datetime();

/**
 * From this commit on, itself included, the log is hashed under another master secret (S22). `sealId` names the new key. Written once every master
 * and worker accepts the new one. `vouched` shows that whoever wrote it had the old secret as well (`events/chain.ts`).
 */
export const MasterSecretRotated = z.strictObject({ sealId: Name, previous: Name, vouched: Name });

/** All secrets at rest are encrypted under the secret of this key; the old one is not needed any more. */
export const SecretsReencrypted = z.strictObject({ sealId: Name, count: z.int().nonnegative() });

/** The masters made a CA for their workers' certificates. It is trusted at once, and issues from the named moment on. */
export const WorkerCaCreated = z.strictObject({
  caId: Name,
  /** PEM. Its key lies in `_sync_secrets`. */
  issuer: z.string(),
  issuesFrom: Moment,
  validUntil: Moment,
});

/** A worker got a certificate in the place of the one that it had. */
export const WorkerCertificateRenewed = z.strictObject({
  workerId: Name,
  endpoint: Name,
  caId: Name,
  fingerprint: Name,
  validUntil: Moment,
});

/** A master took a new TLS keyfile, or a new CA for client certificates, without a restart. */
export const MasterCertificateReplaced = z.strictObject({
  masterId: Name,
  part: z.enum(['keyfile', 'client-ca']),
  /** Of the certificate, or the first one of the CA's file. */
  fingerprint: Name,
  validUntil: Moment,
});
