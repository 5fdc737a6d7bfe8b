import { createHash, createHmac, randomBytes } from 'node:crypto';
import forge from 'node-forge';
import type { KeystoreEntry } from './keystore.ts';

/*
 * forge's own toPkcs12Asn1 takes RSA keys only, so that the layout (RFC 7292) is put together here, of forge's ASN.1,
 * its encryption of keys and its derivation of the key for the integrity check.
 */
const OID = {
  data: '1.2.840.113549.1.7.1',
  keyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;
const VERSION = 3;
const ITERATIONS = 100_000;
const SALT_BYTES = 16;
const MAC_BYTES = 32;
/** RFC 7292, B.3: the derived bytes are the key of a MAC. */
const MAC_KEY_ID = 3;

type Asn1 = forge.asn1.Asn1;
const { Class, Type } = forge.asn1;

/** A keystore with one private key (AES-256, PBKDF2) and its certificates, guarded by HMAC-SHA-256. */
export function pkcs12Keystore(entry: KeystoreEntry, password: string): Buffer {
  const [leaf, ...parents] = entry.certificates;
  if (leaf === undefined) throw new Error('a keystore needs the certificate of its key');
  const localKeyId = createHash('sha1').update(leaf).digest();
  const attributes = set(
    // forge itself writes the characters of a BMPString as UTF-16.
    attribute(OID.friendlyName, primitive(Type.BMPSTRING, Buffer.from(entry.alias))),
    attribute(OID.localKeyId, octets(localKeyId)),
  );
  const certificates = [certificateBag(leaf, attributes), ...parents.map((parent) => certificateBag(parent))];
  const key = sequence(oid(OID.keyBag), explicit(encryptKey(entry.privateKey, password)), attributes);
  const safe = der(sequence(contentInfo(der(sequence(...certificates))), contentInfo(der(sequence(key)))));
  return der(sequence(integer(VERSION), contentInfo(safe), integrity(safe, password)));
}

function certificateBag(certificate: Buffer, attributes?: Asn1): Asn1 {
  const value = sequence(oid(OID.x509), explicit(octets(certificate)));
  return sequence(oid(OID.certificateBag), explicit(value), ...(attributes === undefined ? [] : [attributes]));
}

function encryptKey(privateKey: Buffer, password: string): Asn1 {
  const info = forge.asn1.fromDer(privateKey.toString('latin1'));
  const options = { algorithm: 'aes256', count: ITERATIONS, saltSize: SALT_BYTES, prfAlgorithm: 'sha256' } as const;
  return forge.pki.encryptPrivateKeyInfo(info, password, options);
}

function integrity(safe: Buffer, password: string): Asn1 {
  const salt = randomBytes(SALT_BYTES);
  const saltBytes = forge.util.createBuffer(salt.toString('latin1'));
  const md = forge.md.sha256.create();
  const key = forge.pkcs12.generateKey(password, saltBytes, MAC_KEY_ID, ITERATIONS, MAC_BYTES, md);
  const mac = createHmac('sha256', Buffer.from(key.getBytes(), 'latin1')).update(safe).digest();
  const digest = sequence(sequence(oid(OID.sha256), primitive(Type.NULL, Buffer.alloc(0))), octets(mac));
  return sequence(digest, octets(salt), integer(ITERATIONS));
}

function contentInfo(content: Buffer): Asn1 {
  return sequence(oid(OID.data), explicit(octets(content)));
}

function attribute(type: string, value: Asn1): Asn1 {
  return sequence(oid(type), set(value));
}

function sequence(...parts: Asn1[]): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
}

function set(...parts: Asn1[]): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, Type.SET, true, parts);
}

function explicit(part: Asn1): Asn1 {
  return forge.asn1.create(Class.CONTEXT_SPECIFIC, 0, true, [part]);
}

function octets(content: Buffer): Asn1 {
  return primitive(Type.OCTETSTRING, content);
}

function oid(identifier: string): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, Type.OID, false, forge.asn1.oidToDer(identifier).getBytes());
}

function integer(value: number): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, Type.INTEGER, false, forge.asn1.integerToDer(value).getBytes());
}

function primitive(type: forge.asn1.Type, content: Buffer): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, type, false, content.toString('latin1'));
}

function der(part: Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(part).getBytes(), 'latin1');
}
