import { X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { certificatesOf, privateKeyOf } from './pem.ts';
import {
  alternativeNames,
  distinguishedName,
  newKeyPair,
  type SignedCertificate,
  serialNumber,
  validity,
} from './x509.ts';

export interface CertificateAuthorityOptions {
  readonly commonName: string;
  readonly validForMs: number;
}

/** Makes a self-signed certificate authority. PEM texts; the key is PKCS#8 RSA, 2048 bits or what x509.ts says. */
export function createCa(options: CertificateAuthorityOptions): SignedCertificate {
  const pair = newKeyPair();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = pair.publicKey;
  certificate.serialNumber = serialNumber();
  Object.assign(certificate.validity, validity(options.validForMs));
  const name = distinguishedName(options.commonName);
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(pair.privateKey, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key: pair.privateKeyPem };
}

export interface LeafOptions {
  readonly ca: SignedCertificate;
  /** `server`: may serve TLS and nothing else. `client`: may authenticate a client and nothing else. */
  readonly kind: 'server' | 'client';
  /** DNS names and IP addresses; empty texts are left out, as unset variables in unit files expand to them. */
  readonly hosts: readonly string[];
  readonly emails?: readonly string[];
  readonly commonName: string;
  readonly validForMs: number;
}

/**
 * Issues a leaf certificate. Throws when the authority's certificate and key do not belong together, or when the
 * certificate is no authority.
 */
export function issueCertificate(options: LeafOptions): SignedCertificate {
  const { issuer, issuerKey } = readAuthority(options.ca);
  const pair = newKeyPair();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = pair.publicKey;
  certificate.serialNumber = serialNumber();
  Object.assign(certificate.validity, validity(options.validForMs));
  certificate.setSubject(distinguishedName(options.commonName));
  certificate.setIssuer(issuer.subject.attributes);
  const names = alternativeNames(options.hosts, options.emails ?? []);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: options.kind === 'server', clientAuth: options.kind === 'client' },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
    ...(names.length > 0 ? [{ name: 'subjectAltName', altNames: names }] : []),
  ]);
  certificate.sign(issuerKey, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key: pair.privateKeyPem };
}

function readAuthority(ca: SignedCertificate): {
  issuer: forge.pki.Certificate;
  issuerKey: forge.pki.rsa.PrivateKey;
} {
  const [pem] = certificatesOf(ca.certificate);
  if (pem === undefined) throw new Error('the CA file holds no certificate');
  const key = privateKeyOf(ca.key);
  const x509 = new X509Certificate(pem);
  if (!x509.ca) throw new Error('the CA certificate is not a certificate authority: it may not sign others');
  if (!x509.checkPrivateKey(key)) throw new Error('the CA key does not belong to the CA certificate');
  if (key.asymmetricKeyType !== 'rsa') {
    throw new Error(`the CA key is of type ${key.asymmetricKeyType ?? 'unknown'}; only RSA keys can sign here`);
  }
  return {
    issuer: forge.pki.certificateFromPem(pem),
    issuerKey: forge.pki.privateKeyFromPem(key.export({ type: 'pkcs1', format: 'pem' }).toString()),
  };
}
