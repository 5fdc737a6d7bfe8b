import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  type GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

/** A certificate and its private key, both as PEM text. */
export interface SignedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What signs: the certificate of an authority, or nothing for one that signs itself, and the key. */
export interface Signer {
  readonly certificate?: X509Certificate;
  readonly key: KeyObject;
}

/** A certificate to be: what RFC 5280 calls TBSCertificate, as far as we choose it. */
export interface CertificateContent {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isAuthority: boolean;
  readonly keyUsage: readonly (keyof typeof KeyUsageFlags)[];
  /** Object identifiers; empty: for any purpose. */
  readonly extendedKeyUsage: readonly string[];
  readonly alternativeNames: readonly GeneralName[];
}

const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';
/** RFC 5280, appendix A, ub-common-name: parsers refuse a longer one. */
const COMMON_NAME_CHARACTERS_MAX = 64;

/** Signs a certificate; resolves to its PEM text. Throws when the signer's key is neither RSA nor EC. */
export function signCertificate(content: CertificateContent, signer: Signer): string {
  const { algorithm, hash } = signatureOf(signer.key);
  const subject = distinguishedName(content.commonName);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: signer.certificate === undefined ? subject : parsed(signer.certificate).subject,
    validity: new Validity({ notBefore: content.notBefore, notAfter: content.notAfter }),
    subject,
    subjectPublicKeyInfo: publicKeyInfo(content.publicKey),
    extensions: new Extensions(extensionsOf(content, signer)),
  });
  const signed = sign(hash, Buffer.from(AsnConvert.serialize(tbsCertificate)), signer.key);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: arrayBuffer(signed),
  });
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString();
}

function extensionsOf(content: CertificateContent, signer: Signer): Extension[] {
  const { isAuthority, keyUsage, extendedKeyUsage, alternativeNames, publicKey } = content;
  const usage = keyUsage.reduce((bits, flag) => bits | KeyUsageFlags[flag], 0);
  const issuer = signer.certificate;
  return [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: isAuthority }), true),
    extension(id_ce_keyUsage, new KeyUsage(usage), true),
    ...(extendedKeyUsage.length > 0 ? [extension(id_ce_extKeyUsage, new ExtendedKeyUsage([...extendedKeyUsage]))] : []),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(publicKeyInfo(publicKey)))),
    ...(issuer === undefined ? [] : [extension(id_ce_authorityKeyIdentifier, authorityKeyIdentifier(issuer))]),
    ...(alternativeNames.length > 0
      ? [extension(id_ce_subjectAltName, new SubjectAlternativeName([...alternativeNames]))]
      : []),
  ];
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** The identifier that the issuer gave itself, which need not be the one that we would compute. */
function authorityKeyIdentifier(issuer: X509Certificate): AuthorityKeyIdentifier {
  const { extensions, subjectPublicKeyInfo } = parsed(issuer);
  const own = extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  const identifier =
    own === undefined
      ? keyIdentifier(subjectPublicKeyInfo)
      : AsnConvert.parse(own.extnValue.buffer, SubjectKeyIdentifier).buffer;
  return new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(identifier) });
}

/** RFC 5280, 4.2.1.2, method 1. SHA-1 serves as a name here, not as protection. */
function keyIdentifier(info: SubjectPublicKeyInfo): ArrayBuffer {
  return arrayBuffer(createHash('sha1').update(Buffer.from(info.subjectPublicKey)).digest());
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

function parsed(certificate: X509Certificate): TBSCertificate {
  return AsnConvert.parse(certificate.raw, Certificate).tbsCertificate;
}

function distinguishedName(commonName: string): Name {
  const attribute = (type: string, utf8String: string) =>
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) })]);
  return new Name([
    attribute(ORGANIZATION, 'arangosync'),
    attribute(COMMON_NAME, commonName.slice(0, COMMON_NAME_CHARACTERS_MAX)),
  ]);
}

/** 16 random bytes; the first is from 1 to 127, since a serial number is a positive integer (RFC 5280, 4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x01, 0);
  return arrayBuffer(bytes);
}

/** The hash is as strong as the signer's curve (RFC 5480, 4). */
function signatureOf(key: KeyObject): { algorithm: AlgorithmIdentifier; hash: string } {
  if (key.asymmetricKeyType === 'rsa') {
    return {
      algorithm: new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: null }),
      hash: 'sha256',
    };
  }
  if (key.asymmetricKeyType !== 'ec') {
    throw new Error(`the CA key is of type ${key.asymmetricKeyType ?? 'unknown'}; it must be RSA or EC`);
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'secp521r1') return ecdsa('1.2.840.10045.4.3.4', 'sha512');
  if (curve === 'secp384r1') return ecdsa('1.2.840.10045.4.3.3', 'sha384');
  return ecdsa('1.2.840.10045.4.3.2', 'sha256');
}

function ecdsa(algorithm: string, hash: string) {
  return { algorithm: new AlgorithmIdentifier({ algorithm }), hash };
}

/** A copy of its own: small buffers share one piece of memory. */
function arrayBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
