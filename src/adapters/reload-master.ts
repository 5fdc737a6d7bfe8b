import { X509Certificate } from 'node:crypto';
import type { Master } from '../master/master.ts';
import type { GivenSecrets, MasterSecrets } from './crypto/master-secrets.ts';
import type { RunningServer } from './http/https-server.ts';
import type { Logger } from './logging/logger.ts';
import { fingerprint, usableKeyfile } from './tls/index.ts';

export interface MasterReload {
  readonly masterSecrets?: GivenSecrets;
  /** PEM texts. */
  readonly keyfile?: string;
  readonly clientCa?: string;
}

/** What can be replaced while the master runs. */
export interface Replaceable {
  readonly secrets: MasterSecrets;
  tls: { certificate: string; key: string };
  clientCa: string | undefined;
}

/** Takes what is new into use, and records it. Throws on what cannot be used, before anything of it was taken. */
export async function reloadMaster(
  { masterSecrets, keyfile, clientCa }: MasterReload,
  now: Replaceable,
  master: Master,
  server: RunningServer,
  log: Logger,
): Promise<void> {
  const tls = keyfile === undefined ? now.tls : usableKeyfile(keyfile, 'server', new Date());
  if (clientCa !== undefined && now.clientCa === undefined) {
    throw new Error('client certificates were not asked for since the start: restart with --server.client-cafile');
  }
  const isOtherTls = tls.certificate !== now.tls.certificate || tls.key !== now.tls.key;
  const isOtherCa = clientCa !== undefined && clientCa !== now.clientCa;
  if (isOtherTls || isOtherCa) server.use({ ...tls, ...(isOtherCa ? { clientCa } : {}) });
  now.tls = tls;
  now.clientCa = clientCa ?? now.clientCa;
  if (isOtherTls) await noteReplaced('keyfile', tls.certificate, master, log);
  if (isOtherCa) await noteReplaced('client-ca', clientCa, master, log);
  if (masterSecrets !== undefined && now.secrets.replace(masterSecrets)) {
    log.info('accepts other master secrets', { keys: now.secrets.keyIds() });
  }
}

async function noteReplaced(
  part: 'keyfile' | 'client-ca',
  certificate: string,
  master: Master,
  log: Logger,
): Promise<void> {
  const validUntil = new X509Certificate(certificate).validToDate.toISOString();
  const print = fingerprint(certificate);
  log.info(`serves with a new ${part}`, { fingerprint: print, valid_until: validUntil });
  await master.noteCertificate(part, print, validUntil).catch((error: unknown) => {
    log.warn(`the new ${part} is in use, but could not be recorded in the event log`, { error });
  });
}
