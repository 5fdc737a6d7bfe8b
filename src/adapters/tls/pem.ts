import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { SignedCertificate } from './x509.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )?PRIVATE KEY-----/;

/** The certificates of a PEM text, in its order. */
export function certificatesOf(pem: string): string[] {
  return pem.match(CERTIFICATE) ?? [];
}

/** The private key of a PEM text; throws when there is none or it cannot be read. */
export function privateKeyOf(pem: string): KeyObject {
  const [text] = pem.match(PRIVATE_KEY) ?? [];
  if (text === undefined) throw new Error('no private key in the PEM text');
  return createPrivateKey(text);
}

/**
 * Reads a keyfile: a certificate, its chain if any, and its private key, in any order of blocks; the content decides,
 * never the file's name. Throws when a part is missing or key and certificate do not belong together.
 */
export function parseKeyfile(pem: string): SignedCertificate {
  const certificates = certificatesOf(pem);
  const [leaf] = certificates;
  if (leaf === undefined) throw new Error('the keyfile holds no certificate');
  const [keyText] = pem.match(PRIVATE_KEY) ?? [];
  if (keyText === undefined) throw new Error('the keyfile holds no private key');
  if (!new X509Certificate(leaf).checkPrivateKey(createPrivateKey(keyText))) {
    throw new Error('the private key of the keyfile does not belong to its first certificate');
  }
  return { certificate: `${certificates.join('\n')}\n`, key: `${keyText}\n` };
}

/** A keyfile's text: certificate (with chain), then key. */
export function formatKeyfile(signed: SignedCertificate): string {
  return `${signed.certificate.trimEnd()}\n${signed.key.trimEnd()}\n`;
}

/** SHA-256 fingerprint of a certificate, 64 lower-case hex digits. */
export function fingerprint(pem: string): string {
  const [leaf] = certificatesOf(pem);
  if (leaf === undefined) throw new Error('no certificate in the PEM text');
  return new X509Certificate(leaf).fingerprint256.replaceAll(':', '').toLowerCase();
}
