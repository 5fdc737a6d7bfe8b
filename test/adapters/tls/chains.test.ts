import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificatesOf, createCa, issueCertificate, parseKeyfile } from '../../../src/adapters/tls/index.ts';
import { handshake } from './support/handshake.ts';
import { intermediateCa } from './support/intermediate.ts';

const DAY_MS = 24 * 60 * 60_000;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const rsa = { algorithm: 'rsa', bits: 2048 } as const;
const ec = { algorithm: 'ec', curve: 'P256' } as const;
const notAfter = new Date(Date.now() + 10 * DAY_MS);

const root = createCa({ commonName: 'root', validForMs: 20 * DAY_MS, keyType: rsa });
const upper = intermediateCa(root, { commonName: 'upper', keyType: ec, notAfter });
const lower = intermediateCa(upper, { commonName: 'lower', keyType: rsa, notAfter });
const blocks = [root.certificate, upper.certificate, lower.certificate];

const options = { kind: 'server', hosts: ['127.0.0.1'], commonName: 'leaf', validForMs: DAY_MS, keyType: ec } as const;
const subjects = (pem: string) =>
  certificatesOf(pem).map((text) => new X509Certificate(text).subject.replace(/.*CN=/s, ''));

describe('a CA with intermediates', () => {
  test.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 0, 2]]])(
    'signs with the certificate of its key, and the leaf brings its parents in their order: %j',
    (order) => {
      const certificate = order.map((index) => blocks[index]).join('');
      const leaf = issueCertificate({ ...options, ca: { certificate, key: lower.key } });
      expect(subjects(leaf.certificate)).toEqual(['leaf', 'lower', 'upper']);
      expect(subjects(leaf.parents.join(''))).toEqual(['lower', 'upper', 'root']);
    },
  );

  test('serves and authenticates where only the root is known', async () => {
    const ca = { certificate: blocks.join(''), key: lower.key };
    const server = issueCertificate({ ...options, ca });
    const client = issueCertificate({ ...options, ca, kind: 'client' });
    await expect(
      handshake({ server, client, serverCa: root.certificate, clientCa: root.certificate }),
    ).resolves.toMatchObject({ clientAuthorized: true });
  });

  test('without its intermediates makes leaves that the root alone cannot vouch for', async () => {
    const server = issueCertificate({ ...options, ca: lower });
    const alone = { ...server, certificate: certificatesOf(server.certificate)[0] ?? '' };
    const cas = { serverCa: root.certificate, clientCa: root.certificate };
    await expect(handshake({ server: alone, ...cas })).rejects.toThrow(/unable to (verify|get)/);
  });

  test('cuts a lifetime to what the shortest of them has left', () => {
    const ca = { certificate: blocks.join(''), key: lower.key };
    const long = issueCertificate({ ...options, ca, validForMs: 100 * DAY_MS });
    const end = new X509Certificate(upper.certificate).validToDate;
    expect(long).toMatchObject({ isCut: true, notAfter: end });
    expect(new X509Certificate(long.certificate).validToDate).toEqual(end);
    expect(issueCertificate({ ...options, ca })).toMatchObject({ isCut: false });
  });

  test('is refused when one of them has expired, or is not valid yet', () => {
    const expired = intermediateCa(root, { commonName: 'old', keyType: ec, notAfter: new Date(Date.now() - 1_000) });
    const ca = { certificate: `${expired.certificate}${root.certificate}`, key: expired.key };
    expect(() => issueCertificate({ ...options, ca })).toThrow("the CA certificate 'old' expired on ");
    const now = new Date(Date.now() - 30 * DAY_MS);
    expect(() => issueCertificate({ ...options, ca: root, now })).toThrow(
      "the CA certificate 'root' is not valid before ",
    );
  });

  test('is refused for a kind that one of them may not sign', () => {
    const limits = { commonName: 'clients only', keyType: ec, notAfter, extendedKeyUsage: [CLIENT_AUTH] };
    const ca = intermediateCa(root, limits);
    expect(() => issueCertificate({ ...options, ca })).toThrow("'clients only' may not sign certificates that serve");
    expect(issueCertificate({ ...options, ca, kind: 'client' })).toMatchObject({ isCut: false });
  });

  test('is refused with a key that is neither RSA nor EC', () => {
    const ca = intermediateCa(root, { commonName: 'edwards', keyType: generateKeyPairSync('ed25519'), notAfter });
    expect(() => issueCertificate({ ...options, ca })).toThrow('the CA key is of type ed25519; it must be RSA or EC');
  });
});

test('a keyfile gives its chain in the order of the handshake, whatever the order of its blocks', () => {
  const leaf = issueCertificate({ ...options, ca: { certificate: blocks.join(''), key: lower.key } });
  const [own = ''] = certificatesOf(leaf.certificate);
  for (const text of [
    [root.certificate, upper.certificate, leaf.key, lower.certificate, own].join('\n'),
    [leaf.key, own, lower.certificate, upper.certificate, root.certificate].join(''),
    [upper.certificate, lower.certificate, root.certificate, own, leaf.key].join('').replaceAll('\n', '\r\n'),
  ]) {
    expect(subjects(parseKeyfile(text).certificate)).toEqual(['leaf', 'lower', 'upper', 'root']);
  }
});

test('certificates of another path are kept behind the chain of a keyfile', () => {
  const leaf = issueCertificate({ ...options, ca: lower });
  const other = createCa({ commonName: 'another root', validForMs: DAY_MS, keyType: ec });
  const { certificate } = parseKeyfile(`${leaf.key}${other.certificate}${leaf.certificate}`);
  expect(subjects(certificate)).toEqual(['leaf', 'lower', 'another root']);
});
