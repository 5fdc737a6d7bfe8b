import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import {
  createCa,
  fingerprint,
  formatKeyfile,
  issueCertificate,
  parseKeyfile,
} from '../../../src/adapters/tls/index.ts';

const DAY_MS = 24 * 60 * 60_000;
const tlsCa = createCa({ commonName: 'test TLS CA', validForMs: 15 * 365 * DAY_MS });
const clientCa = createCa({ commonName: 'test client CA', validForMs: 15 * 365 * DAY_MS });

function leaf(kind: 'server' | 'client', hosts: string[] = ['127.0.0.1', 'localhost', '']) {
  return issueCertificate({
    ca: kind === 'server' ? tlsCa : clientCa,
    kind,
    hosts,
    emails: kind === 'client' ? ['a@b.example'] : [],
    commonName: `a ${kind}`,
    validForMs: DAY_MS,
  });
}

async function handshake(server: { key: string; certificate: string }, client?: { key: string; certificate: string }) {
  const listener = createServer({
    key: server.key,
    cert: server.certificate,
    ca: clientCa.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>;
  const socket = connect({
    host: '127.0.0.1',
    port: address.port,
    ca: tlsCa.certificate,
    ...(client && { key: client.key, cert: client.certificate }),
  });
  try {
    await once(socket, 'secureConnect');
    const [peer] = await accepted;
    return { clientAuthorized: peer.authorized, clientError: peer.authorizationError };
  } finally {
    accepted.catch(() => {});
    socket.destroy();
    listener.close();
  }
}

test('a server certificate serves TLS to a client that knows the CA', async () => {
  await expect(handshake(leaf('server'), leaf('client'))).resolves.toMatchObject({ clientAuthorized: true });
});

test('a client certificate cannot serve TLS', async () => {
  await expect(
    handshake(
      issueCertificate({ ca: tlsCa, kind: 'client', hosts: ['127.0.0.1'], commonName: 'x', validForMs: DAY_MS }),
    ),
  ).rejects.toThrow(/purpose|unsuitable/i);
});

test('a server certificate does not authenticate a client', async () => {
  const wrong = issueCertificate({
    ca: clientCa,
    kind: 'server',
    hosts: ['127.0.0.1'],
    commonName: 'x',
    validForMs: DAY_MS,
  });
  await expect(handshake(leaf('server'), wrong)).resolves.toMatchObject({ clientAuthorized: false });
});

test('hosts, addresses and e-mails are alternative names, and empty ones add none', () => {
  expect(new X509Certificate(leaf('server').certificate).subjectAltName).toBe('IP Address:127.0.0.1, DNS:localhost');
  expect(new X509Certificate(leaf('client', ['h.example', '']).certificate).subjectAltName).toBe(
    'DNS:h.example, email:a@b.example',
  );
});

test('a keyfile is read back whatever the order of its blocks, and refused when the key is of another certificate', () => {
  const one = leaf('server');
  expect(parseKeyfile(formatKeyfile(one)).key.trim()).toBe(one.key.trim());
  expect(parseKeyfile(`${one.key}${one.certificate}`).key.trim()).toBe(one.key.trim());
  expect(() => parseKeyfile(`${one.certificate}${leaf('server').key}`)).toThrow('does not belong');
  expect(() => parseKeyfile(one.certificate)).toThrow('no private key');
});

test('only a certificate authority signs, and only with its own key', () => {
  const options = { kind: 'server' as const, hosts: [], commonName: 'x', validForMs: DAY_MS };
  expect(() => issueCertificate({ ...options, ca: leaf('server') })).toThrow('not a certificate authority');
  expect(() => issueCertificate({ ...options, ca: { certificate: tlsCa.certificate, key: clientCa.key } })).toThrow(
    'does not belong',
  );
});

test('the fingerprint is the SHA-256 of the certificate', () => {
  expect(fingerprint(tlsCa.certificate)).toMatch(/^[0-9a-f]{64}$/);
});
