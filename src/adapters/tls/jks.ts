import { createHash, randomBytes } from 'node:crypto';
import forge from 'node-forge';
import type { KeystoreEntry } from './keystore.ts';

/*
 * The JKS format, as OpenJDK documents and implements it (sun.security.provider.JavaKeyStore, KeyProtector):
 *
 *   u4 magic, u4 version, u4 number of entries, entries, 20 bytes SHA-1
 *   entry of a private key: u4 tag 1, utf alias, u8 created (ms), bytes key, u4 number of certificates,
 *     and for each of them: utf type, bytes certificate
 *   utf: u2 length and text; bytes: u4 length and content; all numbers big-endian
 *
 * No library that is kept writes it: jks-js reads only.
 */
const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TAG_PRIVATE_KEY = 1;
const CERTIFICATE_TYPE = 'X.509';
/** Hashed between password and content, so that nobody takes the hash for one of the content alone. */
const WHITENER = 'Mighty Aphrodite';
/** Sun's key protector; its parameters are NULL. */
const PROTECTION = '1.3.6.1.4.1.42.2.17.1.1';
const SALT_BYTES = 20;

/** A keystore with one private key. The password guards the whole and the key; it may be empty. */
export function jksKeystore(entry: KeystoreEntry, password: string): Buffer {
  const content = Buffer.concat([
    u4(MAGIC),
    u4(VERSION),
    u4(1),
    u4(TAG_PRIVATE_KEY),
    utf(entry.alias),
    u8(entry.createdAt.getTime()),
    bytes(protectKey(entry.privateKey, passwordBytes(password))),
    u4(entry.certificates.length),
    ...entry.certificates.flatMap((certificate) => [utf(CERTIFICATE_TYPE), bytes(certificate)]),
  ]);
  return Buffer.concat([content, sha1(passwordBytes(password), Buffer.from(WHITENER), content)]);
}

/** EncryptedPrivateKeyInfo of: salt, key XOR a chain of hashes that begins with the salt, hash of password and key. */
function protectKey(privateKey: Buffer, password: Buffer): Buffer {
  const salt: Buffer = randomBytes(SALT_BYTES);
  const stream: Buffer[] = [];
  for (let digest: Buffer = salt, size = 0; size < privateKey.length; size += digest.length) {
    digest = sha1(password, digest);
    stream.push(digest);
  }
  const pad = Buffer.concat(stream);
  const covered = privateKey.map((byte, index) => byte ^ pad.readUInt8(index));
  return encryptedPrivateKeyInfo(Buffer.concat([salt, covered, sha1(password, privateKey)]));
}

function encryptedPrivateKeyInfo(encrypted: Buffer): Buffer {
  const { Class, Type, create } = forge.asn1;
  const algorithm = create(Class.UNIVERSAL, Type.SEQUENCE, true, [
    create(Class.UNIVERSAL, Type.OID, false, forge.asn1.oidToDer(PROTECTION).getBytes()),
    create(Class.UNIVERSAL, Type.NULL, false, ''),
  ]);
  const data = create(Class.UNIVERSAL, Type.OCTETSTRING, false, encrypted.toString('latin1'));
  const info = create(Class.UNIVERSAL, Type.SEQUENCE, true, [algorithm, data]);
  return Buffer.from(forge.asn1.toDer(info).getBytes(), 'latin1');
}

function sha1(...parts: readonly Buffer[]): Buffer {
  return createHash('sha1').update(Buffer.concat(parts)).digest();
}

/** Java's characters are UTF-16, big-endian. */
function passwordBytes(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16();
}

function utf(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

function bytes(content: Buffer): Buffer {
  return Buffer.concat([u4(content.length), content]);
}

function u4(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function u8(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer;
}
