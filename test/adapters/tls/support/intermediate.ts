import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type KeyPair, type KeyType, newKeyPair, privateKeyPem } from '../../../../src/adapters/tls/key-pair.ts';
import { type SignedCertificate, signCertificate } from '../../../../src/adapters/tls/x509.ts';

interface IntermediateOptions {
  readonly commonName: string;
  /** A type, or a pair of a type that we do not make. */
  readonly keyType: KeyType | KeyPair;
  readonly notAfter: Date;
  /** Object identifiers; empty: all purposes. */
  readonly extendedKeyUsage?: readonly string[];
}

/** An authority under `issuer`, as companies have them: its certificate comes without the issuer's. */
export function intermediateCa(issuer: SignedCertificate, options: IntermediateOptions): SignedCertificate {
  const { publicKey, privateKey } = 'privateKey' in options.keyType ? options.keyType : newKeyPair(options.keyType);
  const certificate = signCertificate(
    {
      commonName: options.commonName,
      publicKey,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: options.notAfter,
      isAuthority: true,
      keyUsage: ['keyCertSign', 'cRLSign'],
      extendedKeyUsage: options.extendedKeyUsage ?? [],
      alternativeNames: [],
    },
    { certificate: new X509Certificate(issuer.certificate), key: createPrivateKey(issuer.key) },
  );
  return { certificate, key: privateKeyPem(privateKey) };
}
