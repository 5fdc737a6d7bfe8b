import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCa, fingerprint, issueCertificate, type SignedCertificate } from '../../../src/adapters/tls/index.ts';
import { handshake } from './support/handshake.ts';

const DAY_MS = 24 * 60 * 60_000;
const tlsCa = createCa({ commonName: 'test TLS CA', validForMs: 15 * 365 * DAY_MS });
const clientCa = createCa({
  commonName: 'test client CA',
  validForMs: 15 * 365 * DAY_MS,
  keyType: { algorithm: 'ec', curve: 'P384' },
});
const ec = { algorithm: 'ec', curve: 'P256' } as const;

function leaf(
  kind: 'server' | 'client',
  options: { hosts?: string[]; ca?: SignedCertificate; emails?: string[] } = {},
) {
  const { hosts = ['127.0.0.1', 'localhost', ''], ca = kind === 'server' ? tlsCa : clientCa, emails = [] } = options;
  return issueCertificate({ ca, kind, hosts, emails, commonName: `a ${kind}`, validForMs: DAY_MS, keyType: ec });
}

function meet(server: SignedCertificate, client?: SignedCertificate) {
  const cas = { serverCa: tlsCa.certificate, clientCa: clientCa.certificate };
  return handshake({ ...cas, server, ...(client && { client }) });
}

test('a server certificate serves TLS to a client that knows the CA', async () => {
  await expect(meet(leaf('server'), leaf('client'))).resolves.toMatchObject({ clientAuthorized: true });
});

test('a client certificate cannot serve TLS', async () => {
  await expect(meet(leaf('client', { ca: tlsCa }))).rejects.toThrow(/purpose|unsuitable/i);
});

test('a server certificate does not authenticate a client', async () => {
  const wrong = leaf('server', { ca: clientCa });
  await expect(meet(leaf('server'), wrong)).resolves.toMatchObject({ clientAuthorized: false });
});

test('either CA signs either kind', async () => {
  const cas = { serverCa: clientCa.certificate, clientCa: tlsCa.certificate };
  const sides = { server: leaf('server', { ca: clientCa }), client: leaf('client', { ca: tlsCa }) };
  await expect(handshake({ ...cas, ...sides })).resolves.toMatchObject({ clientAuthorized: true });
});

test.each([
  { algorithm: 'rsa', bits: 2048 },
  { algorithm: 'rsa', bits: 3072 },
  { algorithm: 'ec', curve: 'P256' },
  { algorithm: 'ec', curve: 'P384' },
  { algorithm: 'ec', curve: 'P521' },
] as const)('a key of %o signs, is signed, and serves TLS 1.3', async (keyType) => {
  const ca = createCa({ commonName: 'CA', validForMs: DAY_MS, keyType });
  const options = { ca, hosts: ['127.0.0.1'], commonName: 'x', validForMs: DAY_MS, keyType };
  const server = issueCertificate({ ...options, kind: 'server' });
  const client = issueCertificate({ ...options, kind: 'client' });
  await expect(
    handshake({ server, client, serverCa: ca.certificate, clientCa: ca.certificate }),
  ).resolves.toMatchObject({ clientAuthorized: true, protocol: 'TLSv1.3' });
});

test('hosts, addresses and e-mails are alternative names, and empty ones add none', () => {
  const namesOf = (certificate: SignedCertificate) => new X509Certificate(certificate.certificate).subjectAltName;
  expect(namesOf(leaf('server'))).toBe('IP Address:127.0.0.1, DNS:localhost');
  expect(namesOf(leaf('client', { hosts: ['h.example', ''], emails: ['a@b.example', ' '] }))).toBe(
    'DNS:h.example, email:a@b.example',
  );
  const hosts = ['[::1]', '::ffff:192.0.2.1', '2001:db8::1', '*.bücher.example', 'db_server.'];
  const certificate = new X509Certificate(leaf('server', { hosts }).certificate);
  expect(certificate.checkHost('x.xn--bcher-kva.example')).toBe('*.xn--bcher-kva.example');
  expect(certificate.checkHost('db_server')).toBe('db_server');
  for (const address of ['::1', '::ffff:192.0.2.1', '2001:db8:0::1']) {
    expect(certificate.checkIP(address)).toBe(address);
  }
});

test.each([
  'https://host:8629',
  'two words',
  'host:8629',
  'fe80::1%eth0',
  '-x',
  'a..b',
  '10.0.0.256',
  `${'x'.repeat(64)}.example`,
])('the host %s is refused: no client would ever look for it', (host) => {
  expect(() => leaf('server', { hosts: [host] })).toThrow(`'${host}' is neither a host name nor an IP address`);
});

test.each(['nobody', 'a b@c', 'ü@x.example', '@x', 'a@b@c'])('the e-mail address %s is refused', (email) => {
  expect(() => leaf('client', { emails: [email] })).toThrow(`'${email}' is not an e-mail address`);
});

test('a lifetime ends when it should, beyond the year 2049 too, where the form of the date changes', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const at = (validForMs: number) =>
    new X509Certificate(createCa({ commonName: 'x', validForMs, keyType: ec, now }).certificate).validToDate;
  expect(at(DAY_MS)).toEqual(new Date('2026-01-02T00:00:00Z'));
  expect(at(36_500 * DAY_MS)).toEqual(new Date('2125-12-08T00:00:00Z'));
});

test('two certificates never share a serial number, which is positive and of full length', () => {
  const serials = Array.from({ length: 8 }, () => new X509Certificate(leaf('client').certificate).serialNumber);
  expect(new Set(serials).size).toBe(serials.length);
  for (const serial of serials) expect(serial).toMatch(/^[0-7][0-9A-F]{31}$/);
});

test('only a certificate authority signs, and only with its own key', () => {
  const options = { kind: 'server' as const, hosts: [], commonName: 'x', validForMs: DAY_MS };
  expect(() => issueCertificate({ ...options, ca: leaf('server') })).toThrow('not a certificate authority');
  expect(() => issueCertificate({ ...options, ca: { certificate: tlsCa.certificate, key: clientCa.key } })).toThrow(
    'does not belong',
  );
  expect(() => issueCertificate({ ...options, ca: { certificate: tlsCa.key, key: tlsCa.key } })).toThrow(
    'holds no certificate',
  );
});

test('the fingerprint is the SHA-256 of the certificate', () => {
  expect(fingerprint(tlsCa.certificate)).toMatch(/^[0-9a-f]{64}$/);
});
