import { createPrivateKey } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  certificatesOf,
  createCa,
  formatKeyfile,
  issueCertificate,
  parseKeyfile,
  usableKeyfile,
} from '../../../src/adapters/tls/index.ts';
import { handshake } from './support/handshake.ts';

const DAY_MS = 24 * 60 * 60_000;
const now = new Date();
const rsa = { algorithm: 'rsa', bits: 2048 } as const;
const ec = { algorithm: 'ec', curve: 'P256' } as const;
const ca = createCa({ commonName: 'CA', validForMs: 2 * DAY_MS, keyType: ec });
const options = {
  ca,
  kind: 'server',
  hosts: ['127.0.0.1'],
  commonName: 'me',
  validForMs: DAY_MS,
  keyType: ec,
} as const;
const leaf = issueCertificate(options);

test('a keyfile is read back whatever the order of its blocks', () => {
  expect(parseKeyfile(formatKeyfile(leaf))).toEqual({ certificate: leaf.certificate, key: leaf.key });
  expect(parseKeyfile(`Bag attributes\n${leaf.key}what others\nput between${leaf.certificate}`)).toEqual(
    parseKeyfile(formatKeyfile(leaf)),
  );
});

test.each([
  ['RSA', 'pkcs1', rsa],
  ['RSA', 'pkcs8', rsa],
  ['EC', 'sec1', ec],
  ['EC', 'pkcs8', ec],
] as const)('a key of %s in %s form serves, and signs as that of a CA', async (_, type, keyType) => {
  const authority = createCa({ commonName: 'CA', validForMs: DAY_MS, keyType });
  const rewritten = (key: string) => createPrivateKey(key).export({ type, format: 'pem' }).toString();
  const signer = { certificate: authority.certificate, key: rewritten(authority.key) };
  const issued = issueCertificate({ ...options, ca: signer, keyType });
  const server = parseKeyfile(`${issued.certificate}${rewritten(issued.key)}`);
  const cas = { serverCa: authority.certificate, clientCa: authority.certificate };
  await expect(handshake({ server, ...cas })).resolves.toMatchObject({ protocol: 'TLSv1.3' });
});

test('the parameters that openssl writes before an EC key do no harm', () => {
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  const key = createPrivateKey(leaf.key).export({ type: 'sec1', format: 'pem' }).toString();
  expect(parseKeyfile(`${parameters}${key}${leaf.certificate}`).key).toBe(key);
});

test('a key of another certificate, a missing part, a damaged or encrypted one are each named', () => {
  const encrypted = (type: 'pkcs8' | 'sec1') =>
    createPrivateKey(leaf.key).export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
  const damaged = leaf.certificate.replace(/\n[^\n]+\n/, '\nMIIB\n');
  expect(() => parseKeyfile(`${leaf.certificate}${issueCertificate(options).key}`)).toThrow(
    "the private key of the keyfile does not belong to its certificate: 'me'",
  );
  expect(() => parseKeyfile(leaf.certificate)).toThrow('holds no private key');
  expect(() => parseKeyfile(leaf.key)).toThrow('holds no certificate');
  expect(() => parseKeyfile(`${damaged}${leaf.key}`)).toThrow('a certificate cannot be read: it is damaged');
  for (const type of ['pkcs8', 'sec1'] as const) {
    expect(() => parseKeyfile(`${leaf.certificate}${encrypted(type)}`)).toThrow('the private key is encrypted');
  }
  expect(() => parseKeyfile(`${leaf.certificate}${leaf.key.replace(/\n[^\n]+\n/, '\nMIIB\n')}`)).toThrow(
    'the private key cannot be read',
  );
});

test('a keyfile that has expired, or is not valid yet, is not usable', () => {
  const keyfile = formatKeyfile(leaf);
  expect(usableKeyfile(keyfile, 'server', now)).toEqual(parseKeyfile(keyfile));
  const at = (ms: number) => () => usableKeyfile(keyfile, 'server', new Date(now.getTime() + ms));
  expect(at(DAY_MS + 60_000)).toThrow(/^the certificate 'me' expired on \d{4}-\d\d-\d\d$/);
  expect(at(-DAY_MS)).toThrow(/^the certificate 'me' is not valid before \d{4}-\d\d-\d\dT/);
});

test('a client keyfile is not usable for a server, nor the reverse; one without a purpose is for both', () => {
  const client = formatKeyfile(issueCertificate({ ...options, kind: 'client' }));
  expect(() => usableKeyfile(client, 'server', now)).toThrow(
    "is not a TLS server certificate: make one with 'create tls",
  );
  expect(() => usableKeyfile(formatKeyfile(leaf), 'client', now)).toThrow(
    "is not a client certificate: make one with 'create client-auth",
  );
  expect(usableKeyfile(client, 'client', now).certificate).toBe(
    certificatesOf(client)
      .map((text) => `${text}\n`)
      .join(''),
  );
  for (const purpose of ['server', 'client'] as const) {
    expect(usableKeyfile(formatKeyfile(ca), purpose, now).key).toBe(ca.key);
  }
});
