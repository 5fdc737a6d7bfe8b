import { X509Certificate } from 'node:crypto';
import type { IssuedCertificate } from './authority.ts';
import { jksKeystore } from './jks.ts';
import { certificatesOf, privateKeyOf } from './pem.ts';
import { pkcs12Keystore } from './pkcs12.ts';

/** One private key and its certificates, the key's own first: what a keystore of ours holds. */
export interface KeystoreEntry {
  readonly alias: string;
  /** DER, PKCS#8, not encrypted. */
  readonly privateKey: Buffer;
  /** DER. */
  readonly certificates: readonly Buffer[];
  readonly createdAt: Date;
}

/** `jks`: Java's own format, protected by SHA-1 alone. `pkcs12`: Java's default since version 9, and everyone's. */
export type KeystoreType = 'jks' | 'pkcs12';

export interface KeystoreOptions {
  readonly type: KeystoreType;
  readonly alias: string;
  /** May be empty; then nothing but the file's mode protects the key. */
  readonly password: string;
  readonly createdAt: Date;
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * A keystore with the key, its certificate and all authorities above it. Throws when alias or password hold other than
 * printable ASCII, which Java's formats do not agree on, or the alias is empty.
 */
export function createKeystore(issued: IssuedCertificate, options: KeystoreOptions): Buffer {
  const { type, alias, password, createdAt } = options;
  if (alias === '' || !PRINTABLE.test(alias)) throw new Error('the alias must be printable ASCII and not empty');
  if (!PRINTABLE.test(password)) throw new Error('the password must be printable ASCII');
  const [leaf = ''] = certificatesOf(issued.certificate);
  const entry = {
    // Java looks entries up by lower-case names.
    alias: alias.toLowerCase(),
    privateKey: privateKeyOf(issued.key).export({ type: 'pkcs8', format: 'der' }),
    certificates: [leaf, ...issued.parents].map((pem) => new X509Certificate(pem).raw),
    createdAt,
  };
  return type === 'jks' ? jksKeystore(entry, password) : pkcs12Keystore(entry, password);
}
