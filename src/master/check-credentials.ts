import { createPrivateKey, X509Certificate } from 'node:crypto';
import { ApiError } from '../wire/api-error.ts';
import type { ConfigureSync } from '../wire/sync-commands.ts';

/** Throws 400 with the name of the field: what a source is asked with must be readable, and belong together. */
export function checkCredentials({
  clientCertificate,
  clientKey,
  caCertificate,
}: ConfigureSync['authentication']): void {
  const certificate = readCertificate(clientCertificate, 'clientCertificate');
  readCertificate(caCertificate, 'caCertificate');
  const key = attempt('clientKey', 'is not a private key in PEM form', () => createPrivateKey(clientKey));
  if (!certificate.checkPrivateKey(key)) throw new ApiError(400, 'clientKey does not belong to clientCertificate');
}

function readCertificate(pem: string, field: string): X509Certificate {
  return attempt(field, 'is not a certificate in PEM form', () => new X509Certificate(pem));
}

function attempt<T>(field: string, what: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new ApiError(400, `${field} ${what}`);
  }
}
