export { emailOf, hostOf } from './alternative-names.ts';
export {
  type CertificateAuthorityOptions,
  createCa,
  type IssuedCertificate,
  issueCertificate,
  type LeafOptions,
  type Purpose,
} from './authority.ts';
export { CURVES, type KeyType, RSA_BITS } from './key-pair.ts';
export { fingerprint, formatKeyfile, parseKeyfile, usableKeyfile } from './keyfile.ts';
export { createKeystore, type KeystoreType } from './keystore.ts';
export { certificatesOf, privateKeyOf } from './pem.ts';
export { isTrustedStill } from './trusted.ts';
export type { SignedCertificate } from './x509.ts';
