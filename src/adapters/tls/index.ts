export { type CertificateAuthorityOptions, createCa, issueCertificate, type LeafOptions } from './authority.ts';
export { certificatesOf, fingerprint, formatKeyfile, parseKeyfile, privateKeyOf } from './pem.ts';
export type { SignedCertificate } from './x509.ts';
