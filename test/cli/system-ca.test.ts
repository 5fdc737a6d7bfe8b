import { createServer, type Server } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { matchingCa } from '../../cli/configure/system-ca.ts';
import { certificatesOf, createCa, issueCertificate } from '../../src/adapters/tls/index.ts';

const validForMs = 3_600_000;
const ca = createCa({ commonName: 'one of the system', validForMs });
const other = createCa({ commonName: 'another', validForMs });
const trusted = [other.certificate, ca.certificate];

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A master with a certificate of `by`, as far as TLS goes. */
async function listen(by: typeof ca): Promise<string> {
  const hosts = ['127.0.0.1', 'localhost'];
  const { certificate, key } = issueCertificate({ ca: by, kind: 'server', hosts, commonName: 'm', validForMs });
  const server = createServer({ cert: certificate, key }, (socket) => socket.on('error', () => undefined).resume());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const same = (pem: string) => certificatesOf(pem).map((text) => text.replaceAll(/\s/g, ''));

test('the CA of the system that signed the certificate of the source is found, at the first master that answers', async () => {
  const endpoint = await listen(ca);
  const found = await matchingCa(['https://127.0.0.1:1', endpoint], trusted);
  expect(same(found)).toEqual(same(ca.certificate));
  expect(same(await matchingCa([endpoint.replace('127.0.0.1', 'localhost')], trusted))).toEqual(same(ca.certificate));
});

test('a source whose certificate no CA of the system signed is refused, naming --source.cacert', async () => {
  const endpoint = await listen(createCa({ commonName: 'unknown here', validForMs }));
  await expect(matchingCa([endpoint], trusted)).rejects.toThrow(/127\.0\.0\.1.*--source\.cacert/);
});

test('a source that cannot be reached from here is said to be so', async () => {
  await expect(matchingCa(['https://127.0.0.1:1'], trusted)).rejects.toThrow(/ECONNREFUSED.*--source\.cacert/);
});
