import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import forge from 'node-forge';
import { describe, expect, test } from 'vitest';
import { certificatesOf, createCa, createKeystore, issueCertificate } from '../../../src/adapters/tls/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { intermediateCa } from './support/intermediate.ts';
import { needs, run } from './support/tools.ts';

const DAY_MS = 24 * 60 * 60_000;
/** keytool is a Java process at each call. */
const timeout = 90_000;
const folder = temporaryFolder();
const createdAt = new Date('2026-02-03T04:05:06Z');
const keyTypes = { rsa: { algorithm: 'rsa', bits: 2048 }, ec: { algorithm: 'ec', curve: 'P256' } } as const;

const root = createCa({ commonName: 'root', validForMs: 20 * DAY_MS, keyType: keyTypes.ec });
const notAfter = new Date(Date.now() + 10 * DAY_MS);
const middle = intermediateCa(root, { commonName: 'middle', keyType: keyTypes.rsa, notAfter });
const ca = { certificate: `${middle.certificate}${root.certificate}`, key: middle.key };

const leafOf = (algorithm: keyof typeof keyTypes) =>
  issueCertificate({
    ca,
    kind: 'client',
    hosts: ['h.example'],
    commonName: 'leaf',
    validForMs: DAY_MS,
    keyType: keyTypes[algorithm],
  });
const leaves = { rsa: leafOf('rsa'), ec: leafOf('ec') };
const chain = (algorithm: keyof typeof keyTypes) => [
  certificatesOf(leaves[algorithm].certificate)[0] ?? '',
  middle.certificate,
  root.certificate,
];
const der = (pem: string) => new X509Certificate(pem).raw;

function keytool(path: string, password: string, command: string, ...argv: string[]) {
  return run('keytool', command, '-keystore', path, '-storepass', password, ...argv);
}

describe.each(['jks', 'pkcs12'] as const)('a keystore of type %s', (type) => {
  test.for(['rsa', 'ec'] as const)(
    'with a key of %s is read by Java, and its key is used',
    { timeout },
    (algorithm, context) => {
      needs('keytool', context);
      const path = join(folder, `${type}-${algorithm}`);
      const options = { type, alias: 'My Key', password: 'changeit', createdAt };
      writeFileSync(path, createKeystore(leaves[algorithm], options));
      const { output } = keytool(path, 'changeit', '-list', '-rfc');
      expect(output).toContain(`Keystore type: ${type.toUpperCase()}`);
      expect(output).toContain('Alias name: my key');
      expect(output).toContain('Entry type: PrivateKeyEntry');
      expect(certificatesOf(output).map(der)).toEqual(chain(algorithm).map(der));
      // The request is signed with the private key, which must have been recovered for it.
      expect(keytool(path, 'changeit', '-certreq', '-alias', 'My Key').output).toContain(
        'BEGIN NEW CERTIFICATE REQUEST',
      );
    },
  );

  test('is guarded by its password, and read by Java with none when it has none', { timeout }, (context) => {
    needs('keytool', context);
    for (const [password, exit] of [
      ['', 0],
      ['changeit', 1],
    ] as const) {
      const path = join(folder, `${type}-with-${exit}`);
      writeFileSync(path, createKeystore(leaves.ec, { type, alias: 'x', password, createdAt }));
      expect(keytool(path, '', '-list', '-alias', 'x').exit).toBe(exit);
    }
  });

  test('takes no alias or password that Java would read otherwise', () => {
    const options = { type, alias: 'x', password: '', createdAt };
    expect(() => createKeystore(leaves.ec, { ...options, alias: '' })).toThrow('the alias must be');
    expect(() => createKeystore(leaves.ec, { ...options, alias: 'ä' })).toThrow('the alias must be');
    expect(() => createKeystore(leaves.ec, { ...options, password: 'ä' })).toThrow('the password must be');
  });
});

test('JKS: every field stands where the format has it, and the key comes back with the password', () => {
  const content = createKeystore(leaves.ec, { type: 'jks', alias: 'One', password: 'geheim', createdAt });
  const read = reader(content);
  expect([read.u4(), read.u4(), read.u4(), read.u4()]).toEqual([0xfeedfeed, 2, 1, 1]);
  expect(read.text()).toBe('one');
  expect(read.u8()).toBe(createdAt.getTime());
  const covered = read.bytes();
  expect(uncover(covered, 'geheim')).toEqual(createPrivateKey(leaves.ec.key).export({ type: 'pkcs8', format: 'der' }));
  const certificates = Array.from({ length: read.u4() }, () => [read.text(), read.bytes()] as const);
  expect(certificates.map(([kind]) => kind)).toEqual(['X.509', 'X.509', 'X.509']);
  expect(certificates.map(([, bytes]) => bytes)).toEqual(chain('ec').map(der));
  const digest = createHash('sha1').update(utf16('geheim')).update('Mighty Aphrodite').update(content.subarray(0, -20));
  expect(read.rest()).toEqual(digest.digest());
});

test('PKCS#12: forge reads back key, chain and alias, and refuses another password', () => {
  const content = createKeystore(leaves.rsa, { type: 'pkcs12', alias: 'One', password: 'geheim', createdAt });
  const parsed = () => forge.asn1.fromDer(content.toString('latin1'));
  const opened = forge.pkcs12.pkcs12FromAsn1(parsed(), 'geheim');
  const bags = opened.getBags({ bagType: forge.pki.oids.pkcs8ShroudedKeyBag, friendlyName: 'one' }).friendlyName;
  const key = bags?.[0]?.key;
  if (!key) throw new Error('no key');
  const pem = createPrivateKey(forge.pki.privateKeyToPem(key)).export({ type: 'pkcs8', format: 'pem' });
  expect(pem).toBe(leaves.rsa.key);
  expect(() => forge.pkcs12.pkcs12FromAsn1(parsed(), 'another')).toThrow('MAC could not be verified');
});

test.for(['rsa', 'ec'] as const)('PKCS#12: openssl reads the key of %s and the chain', (algorithm, context) => {
  needs('openssl', context);
  const path = join(folder, `openssl-${algorithm}.p12`);
  writeFileSync(path, createKeystore(leaves[algorithm], { type: 'pkcs12', alias: 'x', password: 'geheim', createdAt }));
  const { output } = run('openssl', 'pkcs12', '-in', path, '-passin', 'pass:geheim', '-nodes');
  expect(certificatesOf(output).map(der)).toEqual(chain(algorithm).map(der));
  expect(createPrivateKey(output).equals(createPrivateKey(leaves[algorithm].key))).toBe(true);
});

function reader(content: Buffer) {
  let at = 0;
  const take = (length: number) => {
    at += length;
    return content.subarray(at - length, at);
  };
  const u4 = () => take(4).readUInt32BE();
  return {
    u4,
    u8: () => Number(take(8).readBigUInt64BE()),
    text: () => take(take(2).readUInt16BE()).toString(),
    bytes: () => Buffer.from(take(u4())),
    rest: () => Buffer.from(content.subarray(at)),
  };
}

/** Undoes Sun's key protector, by its description: 20 bytes salt, the covered key, 20 bytes of a hash. */
function uncover(info: Buffer, password: string): Buffer {
  const octets = forge.asn1.fromDer(info.toString('latin1')).value[1];
  if (typeof octets !== 'object' || typeof octets.value !== 'string') throw new Error('not an EncryptedPrivateKeyInfo');
  const data = Buffer.from(octets.value, 'latin1');
  const covered = data.subarray(20, -20);
  let digest = data.subarray(0, 20);
  const key = Buffer.alloc(covered.length);
  for (let at = 0; at < covered.length; at += 1) {
    if (at % 20 === 0) digest = createHash('sha1').update(utf16(password)).update(digest).digest();
    key[at] = covered.readUInt8(at) ^ digest.readUInt8(at % 20);
  }
  expect(createHash('sha1').update(utf16(password)).update(key).digest()).toEqual(Buffer.from(data.subarray(-20)));
  return key;
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
