import { X509Certificate } from 'node:crypto';
import { anyExtendedKeyUsage, id_kp_clientAuth, id_kp_serverAuth } from '@peculiar/asn1-x509';
import { alternativeNames } from './alternative-names.ts';
import { dayOf, isSelfSigned, parentsOf, subjectOf } from './chain.ts';
import { DEFAULT_KEY_TYPE, type KeyType, newKeyPair, privateKeyPem } from './key-pair.ts';
import { certificatesOf, privateKeyOf } from './pem.ts';
import { type SignedCertificate, type Signer, signCertificate } from './x509.ts';

export interface CertificateAuthorityOptions {
  readonly commonName: string;
  readonly validForMs: number;
  /** Default: RSA, 2048 bits. */
  readonly keyType?: KeyType;
  /** Default: the present. */
  readonly now?: Date;
}

/** A certificate made now is valid a little earlier: clocks of other machines may lag. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** What a certificate may be used for, as an object identifier. */
export const PURPOSE = { server: id_kp_serverAuth, client: id_kp_clientAuth } as const;
export type Purpose = keyof typeof PURPOSE;

/** Makes a self-signed certificate authority, which may sign certificates of either kind. PEM texts; the key is PKCS#8. */
export function createCa(options: CertificateAuthorityOptions): SignedCertificate {
  const { publicKey, privateKey } = newKeyPair(options.keyType ?? DEFAULT_KEY_TYPE);
  const certificate = signCertificate(
    {
      commonName: options.commonName,
      publicKey,
      ...validity(options),
      isAuthority: true,
      keyUsage: ['keyCertSign', 'cRLSign', 'digitalSignature'],
      extendedKeyUsage: [],
      alternativeNames: [],
    },
    { key: privateKey },
  );
  return { certificate, key: privateKeyPem(privateKey) };
}

export interface LeafOptions extends CertificateAuthorityOptions {
  /** The certificates (with intermediates, if any) and the private key of an authority, of either kind. */
  readonly ca: SignedCertificate;
  /** `server`: may serve TLS and nothing else. `client`: may authenticate a client and nothing else. */
  readonly kind: Purpose;
  /** DNS names and IP addresses; empty texts are left out, as unset variables in unit files expand to them. */
  readonly hosts: readonly string[];
  readonly emails?: readonly string[];
}

/** A leaf: `certificate` holds it and the intermediates above it. */
export interface IssuedCertificate extends SignedCertificate {
  /** PEM texts of all authorities above it, its issuer first, the root last if it was among the given. */
  readonly parents: readonly string[];
  readonly notAfter: Date;
  /** The certificate ends before it should: an authority above it ends then. */
  readonly isCut: boolean;
}

/**
 * Issues a leaf certificate. Throws when the authority's certificate and key do not belong together, when it is no
 * authority, is not valid now or may not sign this kind, and when a name is none.
 */
export function issueCertificate(options: LeafOptions): IssuedCertificate {
  const names = alternativeNames(options.hosts, options.emails ?? []);
  const signer = readAuthority(options);
  const { publicKey, privateKey } = newKeyPair(options.keyType ?? DEFAULT_KEY_TYPE);
  const wanted = validity(options);
  const end = new Date(Math.min(...signer.chain.map(({ validToDate }) => validToDate.getTime())));
  const isCut = end < wanted.notAfter;
  const notAfter = isCut ? end : wanted.notAfter;
  const certificate = signCertificate(
    {
      commonName: options.commonName,
      publicKey,
      notBefore: wanted.notBefore,
      notAfter,
      isAuthority: false,
      // Only RSA keys can encipher another key (TLS 1.2 without forward secrecy).
      keyUsage: publicKey.asymmetricKeyType === 'rsa' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'],
      extendedKeyUsage: [PURPOSE[options.kind]],
      alternativeNames: names,
    },
    signer,
  );
  const intermediates = signer.chain.filter((authority) => !isSelfSigned(authority));
  return {
    certificate: [certificate, ...intermediates.map(String)].join(''),
    key: privateKeyPem(privateKey),
    parents: signer.chain.map(String),
    notAfter,
    isCut,
  };
}

function validity({ validForMs, now = new Date() }: CertificateAuthorityOptions): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - CLOCK_TOLERANCE_MS),
    notAfter: new Date(now.getTime() + validForMs),
  };
}

/** The authority among the certificates that the key belongs to, and those above it. */
function readAuthority({ ca, kind, now = new Date() }: LeafOptions): Signer & { chain: readonly X509Certificate[] } {
  const certificates = certificatesOf(ca.certificate).map((pem) => new X509Certificate(pem));
  const [first] = certificates;
  if (first === undefined) throw new Error('the CA file holds no certificate');
  const key = privateKeyOf(ca.key);
  const certificate = certificates.find((candidate) => candidate.checkPrivateKey(key));
  if (certificate === undefined) throw new Error('the CA key does not belong to the CA certificate');
  if (!certificate.ca) throw new Error('the CA certificate is not a certificate authority: it may not sign others');
  const chain = [certificate, ...parentsOf(certificate, certificates)];
  for (const authority of chain) checkAuthority(authority, kind, now);
  return { certificate, key, chain };
}

/** A certificate under an authority that is not valid, or not for this purpose, is accepted nowhere. */
function checkAuthority(authority: X509Certificate, kind: Purpose, now: Date): void {
  const name = `the CA certificate '${subjectOf(authority)}'`;
  if (authority.validToDate <= now) throw new Error(`${name} expired on ${dayOf(authority.validToDate)}`);
  if (authority.validFromDate.getTime() > now.getTime() + CLOCK_TOLERANCE_MS) {
    throw new Error(`${name} is not valid before ${dayOf(authority.validFromDate)}`);
  }
  // Absent in most authorities, ours included: then any purpose goes. Node types it as always there.
  const purposes: readonly string[] | undefined = authority.keyUsage;
  if (purposes !== undefined && !purposes.includes(PURPOSE[kind]) && !purposes.includes(anyExtendedKeyUsage)) {
    throw new Error(`${name} may not sign certificates ${kind === 'server' ? 'that serve TLS' : 'of clients'}`);
  }
}
