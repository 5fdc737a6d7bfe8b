import { z } from 'zod';
import type { SecretStore } from '../domain/synchronization/secret-store.ts';
import type { SourceCredentials } from './source-masters.ts';

const Stored = z.object({ clientCertificate: z.string(), clientKey: z.string(), caCertificate: z.string() });

export function credentialsSecretId(credentialId: string): string {
  return `source-credentials-${credentialId}`;
}

/** What an operator does about credentials that the log names and nobody has. */
export const CREDENTIALS_GONE =
  "the credentials for the source are not in _sync_secrets any more: 'configure sync' with the same source brings them " +
  "back, 'abort sync' goes without them";

/** Keeps what this target shows to its source; events name it by `credentialId`. */
export async function keepCredentials(
  secrets: SecretStore,
  credentialId: string,
  { clientCertificate, clientKey, caCertificate }: SourceCredentials,
  signal?: AbortSignal,
): Promise<void> {
  await secrets.put(
    credentialsSecretId(credentialId),
    JSON.stringify({ clientCertificate, clientKey, caCertificate }),
    signal,
  );
}

/**
 * Throws when they are gone: a log that went back names those of before, which were dropped. Then only configuring again,
 * or an abort, helps.
 */
export async function findCredentials(
  secrets: SecretStore,
  credentialId: string,
  signal?: AbortSignal,
): Promise<SourceCredentials> {
  const text = await secrets.get(credentialsSecretId(credentialId), signal);
  if (text === undefined) throw new Error(CREDENTIALS_GONE);
  return Stored.parse(JSON.parse(text));
}

export async function dropCredentials(secrets: SecretStore, credentialId: string, signal?: AbortSignal): Promise<void> {
  await secrets.delete(credentialsSecretId(credentialId), signal);
}
