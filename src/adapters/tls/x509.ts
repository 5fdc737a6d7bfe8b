import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';

/** A certificate and its private key, both as PEM text. */
export interface SignedCertificate {
  readonly certificate: string;
  readonly key: string;
}

const RSA_KEY_BITS = 2048;
/** A certificate made now is valid a little earlier: clocks of other machines may lag. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** RSA keys come from OpenSSL (node:crypto): forge would search primes in JavaScript for seconds. */
export function newKeyPair(): {
  publicKey: forge.pki.rsa.PublicKey;
  privateKey: forge.pki.rsa.PrivateKey;
  privateKeyPem: string;
} {
  const pair = generateKeyPairSync('rsa', { modulusLength: RSA_KEY_BITS });
  return {
    publicKey: forge.pki.publicKeyFromPem(pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    privateKey: forge.pki.privateKeyFromPem(pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()),
    privateKeyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** 16 random bytes; the first bit is cleared, since a serial number is a positive integer (RFC 5280, 4.1.2.2). */
export function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x01, 0);
  return bytes.toString('hex');
}

export function validity(validForMs: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - CLOCK_TOLERANCE_MS), notAfter: new Date(now + validForMs) };
}

export function distinguishedName(commonName: string): forge.pki.CertificateField[] {
  return [
    { name: 'organizationName', value: 'arangosync' },
    { name: 'commonName', value: commonName },
  ];
}

/** RFC 5280 general names: 1 e-mail, 2 DNS name, 7 IP address. */
export function alternativeNames(
  hosts: readonly string[],
  emails: readonly string[],
): ({ type: 1 | 2; value: string } | { type: 7; ip: string })[] {
  const present = (text: string) => text.trim() !== '';
  return [
    ...hosts
      .filter(present)
      .map((host) => (isIP(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host })),
    ...emails.filter(present).map((email) => ({ type: 1 as const, value: email })),
  ];
}
