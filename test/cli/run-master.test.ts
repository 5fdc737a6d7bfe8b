import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { commands } from '../../cli/commands/index.ts';
import { runProgram } from '../../cli/program.ts';
import { freePort } from '../../src/adapters/embedded/free-ports.ts';
import { createCa, formatKeyfile, issueCertificate } from '../../src/adapters/tls/index.ts';
import { intermediateCa } from '../adapters/tls/support/intermediate.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const DAY_MS = 24 * 60 * 60_000;
const folder = temporaryFolder();
const keyType = { algorithm: 'ec', curve: 'P256' } as const;
const root = createCa({ commonName: 'root', validForMs: DAY_MS, keyType });
const notAfter = new Date(Date.now() + DAY_MS / 2);
const middle = intermediateCa(root, { commonName: 'middle', keyType, notAfter });
const options = { kind: 'server', hosts: ['127.0.0.1'], commonName: 'master', validForMs: DAY_MS, keyType } as const;
const ca = { certificate: `${middle.certificate}${root.certificate}`, key: middle.key };
const leaf = issueCertificate({ ...options, ca });

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** Runs a master whose database never answers, until `stop` is called or it ends by itself. */
function runMaster(keyfile: string, ...argv: string[]) {
  const said: string[] = [];
  const stopped = new AbortController();
  const terminal = {
    out: (line: string) => void said.push(line),
    err: (line: string) => void said.push(line),
    isInteractive: false,
    interrupted: stopped.signal,
  };
  const required = ['--cluster.endpoint=http://127.0.0.1:1', '--cluster.jwtSecret=a', '--master.jwtSecret=b'];
  const log = `--log.file=${join(folder, 'log')}`;
  const line = ['run', 'master', ...required, `--server.keyfile=${file('tls.keyfile', keyfile)}`, log, ...argv];
  const ended = runProgram(line, commands, terminal, {}).then((exit) => ({ exit, said: said.join('\n') }));
  return { ended, stop: () => stopped.abort(new Error('enough')) };
}

/** Connects as one who knows the root alone; false while nobody listens yet, rejects what cannot be verified. */
async function isTrusted(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, ca: root.certificate });
  try {
    await once(socket, 'secureConnect');
    return socket.authorized;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

test.each([
  ['in order', `${leaf.certificate}${leaf.key}`],
  ['root first and the key in between', `${root.certificate}${middle.certificate}${leaf.key}${leaf.certificate}`],
])('a keyfile with intermediates, %s, is served as a chain to those who know the root alone', async (_, keyfile) => {
  const port = await freePort();
  const master = runMaster(keyfile, `--server.port=${port}`);
  try {
    await expect.poll(() => isTrusted(port)).toBe(true);
  } finally {
    master.stop();
    await master.ended;
  }
});

test.each([
  [
    'of a client',
    formatKeyfile(issueCertificate({ ...options, ca, kind: 'client' })),
    'is not a TLS server certificate',
  ],
  ['with the key of another', `${leaf.certificate}${root.key}`, 'the private key of the keyfile does not belong'],
  ['without a key', leaf.certificate, 'the keyfile holds no private key'],
  ['without a certificate', leaf.key, 'the keyfile holds no certificate'],
  [
    'that has expired',
    formatKeyfile(issueCertificate({ ...options, ca: root, validForMs: -1_000 })),
    "the certificate 'master' expired on",
  ],
])('a master does not start with a keyfile %s, and says why in one line', async (_, keyfile, message) => {
  const { exit, said } = await runMaster(keyfile).ended;
  expect(exit).toBe(2);
  expect(said).toMatch(/^arangosync: --server\.keyfile: [^\n]+$/);
  expect(said).toContain(message);
});

test('a master does not start with a client CA file that holds no certificate', async () => {
  const { exit, said } = await runMaster(formatKeyfile(leaf), `--server.client-cafile=${file('ca', root.key)}`).ended;
  expect({ exit, said }).toEqual({ exit: 2, said: 'arangosync: --server.client-cafile holds no certificate' });
});
