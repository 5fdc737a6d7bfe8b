import { X509Certificate } from 'node:crypto';
import { PURPOSE, type Purpose } from './authority.ts';
import { dayOf, parentsOf, subjectOf } from './chain.ts';
import { certificatesOf, privateKeyOf, privateKeyTextOf } from './pem.ts';
import type { SignedCertificate } from './x509.ts';

/**
 * Reads a keyfile: a certificate, its chain if any, and its private key, in any order of blocks; the content decides,
 * never the file's name. The certificate comes back in the order of the TLS handshake: the key's own first, each parent
 * behind its child. Throws when a part is missing or key and certificates do not belong together.
 */
export function parseKeyfile(pem: string): SignedCertificate {
  const certificates = certificatesOf(pem).map(readCertificate);
  if (certificates.length === 0) throw new Error('the keyfile holds no certificate');
  const keyText = privateKeyTextOf(pem);
  if (keyText === undefined) throw new Error('the keyfile holds no private key');
  const key = privateKeyOf(keyText);
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined) {
    const names = certificates.map((certificate) => `'${subjectOf(certificate)}'`).join(', ');
    throw new Error(`the private key of the keyfile does not belong to its certificate: ${names}`);
  }
  const others = certificates.filter((certificate) => certificate !== leaf);
  const parents = parentsOf(leaf, others);
  // A second path to another root (a cross-signed CA) is kept behind the first.
  const rest = others.filter((certificate) => !parents.includes(certificate));
  return { certificate: [leaf, ...parents, ...rest].map(String).join(''), key: `${keyText}\n` };
}

/**
 * Like {@link parseKeyfile}, and throws as well when the certificate cannot be used: not valid at `now`, or not made to
 * serve TLS or to authenticate a client, whichever `purpose` says. Its parents are not judged: one that has expired does
 * no harm where another path leads to a known root.
 */
export function usableKeyfile(pem: string, purpose: Purpose, now: Date): SignedCertificate {
  const keyfile = parseKeyfile(pem);
  const leaf = new X509Certificate(keyfile.certificate);
  checkTime(leaf, now);
  // Absent: for any purpose. Node types it as always there.
  const purposes: readonly string[] | undefined = leaf.keyUsage;
  if (purposes !== undefined && !purposes.includes(PURPOSE[purpose])) {
    const [is, command] =
      purpose === 'server' ? ['not a TLS server certificate', 'tls'] : ['not a client certificate', 'client-auth'];
    throw new Error(`the certificate '${subjectOf(leaf)}' is ${is}: make one with 'create ${command} keyfile'`);
  }
  return keyfile;
}

function checkTime(certificate: X509Certificate, now: Date): void {
  const name = `the certificate '${subjectOf(certificate)}'`;
  if (certificate.validToDate <= now) throw new Error(`${name} expired on ${dayOf(certificate.validToDate)}`);
  if (certificate.validFromDate > now) {
    throw new Error(`${name} is not valid before ${certificate.validFromDate.toISOString()}`);
  }
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error('a certificate cannot be read: it is damaged', { cause: error });
  }
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
