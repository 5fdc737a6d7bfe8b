import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Terminal } from '../../cli/command.ts';
import { commands } from '../../cli/commands/index.ts';
import { runProgram } from '../../cli/program.ts';
import { certificatesOf, createCa, parseKeyfile } from '../../src/adapters/tls/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const DAY_MS = 24 * 60 * 60_000;
const authorities = temporaryFolder();
const folders = temporaryFolder();
/** A fresh folder for each test. */
let folder = '';
let count = 0;

const at = (name: string) => join(folder, name);
const mode = (name: string) => statSync(at(name)).mode & 0o777;
const certificate = (name: string) => new X509Certificate(readFileSync(at(name)));

async function create(line: string, ...argv: string[]) {
  const said: string[] = [];
  const terminal: Terminal = {
    out: (text) => void said.push(text),
    err: (text) => void said.push(text),
    isInteractive: false,
    interrupted: new AbortController().signal,
  };
  const exit = await runProgram(['create', ...line.split(' '), ...argv], commands, terminal, {});
  return { exit, said: said.join('\n') };
}

const signedBy = (name: 'tls' | 'client-auth') => [
  `--cacert=${join(authorities, `${name}-ca.crt`)}`,
  `--cakey=${join(authorities, `${name}-ca.key`)}`,
  '--curve=P256',
];
const tls = [...signedBy('tls'), '--host=127.0.0.1'];
const clientAuth = signedBy('client-auth');

beforeAll(async () => {
  for (const name of ['tls', 'client-auth']) {
    const files = [`--cert=${join(authorities, `${name}-ca.crt`)}`, `--key=${join(authorities, `${name}-ca.key`)}`];
    expect((await create(`${name} ca`, ...files, '--curve=P256')).exit).toBe(0);
  }
});

beforeEach(() => {
  folder = join(folders, String(count++));
  mkdirSync(folder);
});

/** Each way to make a leaf: its files, the secret one first. */
const leaves = [
  { line: 'tls keyfile', options: tls, files: { keyfile: 'a.keyfile' } },
  { line: 'tls certificate', options: tls, files: { key: 'a.key', cert: 'a.crt' } },
  { line: 'tls keystore', options: tls, files: { keystore: 'a.jks' } },
  { line: 'client-auth keyfile', options: clientAuth, files: { keyfile: 'kafka-client.key' } },
  { line: 'client-auth certificate', options: clientAuth, files: { key: 'a.key', cert: 'a.crt' } },
  { line: 'client-auth keystore', options: clientAuth, files: { keystore: 'a.jks' } },
];
const flags = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([name, file]) => `--${name}=${at(file)}`);

describe.each(leaves)('create $line', ({ line, options, files }) => {
  const names = Object.values(files);

  test('writes private keys for their owner alone and certificates for everyone, whatever the umask', async () => {
    const before = process.umask(0o077);
    const { exit, said } = await create(line, ...options, ...flags(files)).finally(() => process.umask(before));
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringMatching(/^Created .*\nValid until 20/) });
    expect(names.map(mode)).toEqual([0o600, 0o644].slice(0, names.length));
  });

  test('replaces what it made before, and leaves nothing beside it', async () => {
    for (const name of names) {
      writeFileSync(at(name), 'old');
      chmodSync(at(name), 0o666);
    }
    expect(await create(line, ...options, ...flags(files))).toMatchObject({ exit: 0 });
    expect(names.map(mode)).toEqual([0o600, 0o644].slice(0, names.length));
    const first = names.map((name) => readFileSync(at(name), 'hex'));
    expect(await create(line, ...options, ...flags(files))).toMatchObject({ exit: 0 });
    for (const [index, name] of names.entries()) expect(readFileSync(at(name), 'hex')).not.toBe(first[index]);
    expect(readdirSync(folder).sort()).toEqual([...names].sort());
  });

  test('leaves the old files as they were when the new ones cannot be made', async () => {
    for (const name of names) writeFileSync(at(name), 'old');
    const wrong = await create(line, ...options, `--cakey=${at(names[0] ?? '')}`, ...flags(files));
    expect(wrong).toEqual({ exit: 2, said: 'arangosync: --cacert, --cakey: no private key in the PEM text' });
    for (const name of names) expect(readFileSync(at(name), 'utf8')).toBe('old');
  });
});

test('a key is not replaced when its certificate cannot be written beside it', async () => {
  writeFileSync(at('a.key'), 'old');
  const files = [`--key=${at('a.key')}`, `--cert=${at('a.key')}/a.crt`];
  const { exit, said } = await create('tls certificate', ...tls, ...files);
  expect({ exit, said }).toEqual({ exit: 1, said: `arangosync: cannot write '${at('a.key')}/a.crt' (EEXIST)` });
  expect(readFileSync(at('a.key'), 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['a.key']);
  const same = await create('tls certificate', ...tls, `--key=${at('a.key')}`, `--cert=${folder}/./a.key`);
  expect(same).toMatchObject({ exit: 2, said: expect.stringContaining('is named for two files') });
});

test('a link to a keyfile stays a link, and what it points to is replaced', async () => {
  mkdirSync(at('elsewhere'));
  writeFileSync(at('elsewhere/real'), 'old');
  symlinkSync('elsewhere/real', at('tls.keyfile'));
  expect(await create('tls keyfile', ...tls, `--keyfile=${at('tls.keyfile')}`)).toMatchObject({ exit: 0 });
  expect(lstatSync(at('tls.keyfile')).isSymbolicLink()).toBe(true);
  expect(readFileSync(at('elsewhere/real'), 'utf8')).toContain('BEGIN CERTIFICATE');
});

test('a file made anew by root still belongs to the user of the service', async (context) => {
  if (process.getuid?.() !== 0) context.skip('for want of root, who alone can give files away');
  writeFileSync(at('tls.keyfile'), 'old');
  chownSync(at('tls.keyfile'), 12_345, 54_321);
  expect(await create('tls keyfile', ...tls, `--keyfile=${at('tls.keyfile')}`)).toMatchObject({ exit: 0 });
  expect(statSync(at('tls.keyfile'))).toMatchObject({ uid: 12_345, gid: 54_321 });
  expect(mode('tls.keyfile')).toBe(0o600);
});

test.each([
  { line: 'tls ca', options: ['--curve=P256'], days: 15 * 365 },
  { line: 'client-auth ca', options: ['--curve=P256'], days: 15 * 365 },
  { line: 'tls certificate', options: tls, days: 2 * 365 },
  { line: 'client-auth certificate', options: clientAuth, days: 365 },
  { line: 'tls certificate', options: [...tls, '--validfor=36h'], days: 1.5 },
  { line: 'tls ca', options: ['--curve=P256', '--validfor=36500d'], days: 36_500 },
])('create $line is valid for $days days', async ({ line, options, days }) => {
  const before = Date.now();
  expect(await create(line, ...options, ...flags({ cert: 'a.crt', key: 'a.key' }))).toMatchObject({ exit: 0 });
  const end = certificate('a.crt').validToDate.getTime();
  // Certificates count in seconds.
  expect(end).toBeGreaterThan(before + days * DAY_MS - 1_000);
  expect(end).toBeLessThanOrEqual(Date.now() + days * DAY_MS);
});

test('a certificate that its CA does not outlive ends with it, and the command says so', async () => {
  const ca = createCa({ commonName: 'short', validForMs: DAY_MS, keyType: { algorithm: 'ec', curve: 'P256' } });
  writeFileSync(at('ca'), `${ca.key}${ca.certificate}`);
  const options = [`--cacert=${at('ca')}`, `--cakey=${at('ca')}`, '--host=h', '--curve=P256'];
  const { exit, said } = await create('tls certificate', ...options, ...flags({ cert: 'a.crt', key: 'a.key' }));
  expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining('shorter than asked for') });
  expect(certificate('a.crt').validToDate).toEqual(new X509Certificate(ca.certificate).validToDate);
});

test.each([
  [[], { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 2048 } }],
  [['--rsa-bits=3072'], { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 3072 } }],
  [['--curve=P256'], { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } }],
  [['--curve=P521'], { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'secp521r1' } }],
])('a key is made as asked for: %j', async (argv, key) => {
  const options = [...signedBy('tls').slice(0, 2), '--host=h', ...flags({ cert: 'a.crt', key: 'a.key' })];
  expect(await create('tls certificate', ...options, ...argv)).toMatchObject({ exit: 0 });
  expect(certificate('a.crt').publicKey).toMatchObject(key);
});

test('an RSA authority gets a longer key, as it lives longer', async () => {
  expect(await create('tls ca', ...flags({ cert: 'a.crt', key: 'a.key' }))).toMatchObject({ exit: 0 });
  expect(certificate('a.crt').publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
});

test('files have the names of ArangoDB in the current folder when none are given', async () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    for (const line of ['tls ca', 'client-auth ca']) expect((await create(line, '--curve=P256')).exit).toBe(0);
    for (const { line } of leaves) expect((await create(line, '--host=h', '--curve=P256')).exit).toBe(0);
    expect((await create('jwt-secret')).exit).toBe(0);
  } finally {
    process.chdir(before);
  }
  const ofUse = (use: string) =>
    ['-ca.crt', '-ca.key', '.crt', '.jks', '.key', '.keyfile'].map((end) => `${use}${end}`);
  expect(readdirSync(folder).sort()).toEqual([...ofUse('client-auth'), 'secret.jwt', ...ofUse('tls')].sort());
});

test('the systemd units of ArangoDB: Kafka client keyfile from the TLS CA, and unset variables as hosts', async () => {
  const keyfile = `--keyfile=${at('kafka-client.key')}`;
  const options = [...signedBy('tls'), '--host=10.0.0.1', '--host=', '--host=host.example'];
  expect(await create('client-auth keyfile', ...options, '--email=ops@x.example', keyfile)).toMatchObject({ exit: 0 });
  const { certificate: pem } = parseKeyfile(readFileSync(at('kafka-client.key'), 'utf8'));
  expect(certificatesOf(pem)).toHaveLength(1);
  expect(new X509Certificate(pem).subjectAltName).toBe('IP Address:10.0.0.1, DNS:host.example, email:ops@x.example');
  expect((await create('client-auth keyfile', ...signedBy('tls'), keyfile)).exit).toBe(0);
});

test.each([
  ['a.jks', [], 'feedfeed'],
  ['a.p12', [], '3082'],
  ['a.PFX', [], '3082'],
  ['a.p12', ['--keystore-type=jks'], 'feedfeed'],
  ['a.jks', ['--keystore-type=pkcs12'], '3082'],
])('a keystore named %s, with %j, begins with %s', async (name, argv, magic) => {
  const options = [...tls, `--keystore=${at(name)}`, '--keystore-password=changeit', '--alias=one'];
  expect(await create('tls keystore', ...options, ...argv)).toMatchObject({ exit: 0 });
  expect(readFileSync(at(name), 'hex').slice(0, magic.length)).toBe(magic);
});

test('a CA and a JWT secret are replaced with --force alone', async () => {
  const ca = ['tls ca', '--curve=P256', ...flags({ cert: 'ca.crt', key: 'ca.key' })] as const;
  const secret = ['jwt-secret', `--secret=${at('jwt')}`] as const;
  for (const [line, ...argv] of [ca, secret]) {
    expect((await create(line, ...argv)).exit).toBe(0);
    const before = readdirSync(folder).map((name) => readFileSync(at(name), 'utf8'));
    expect(await create(line, ...argv)).toMatchObject({ exit: 2, said: expect.stringContaining('--force') });
    expect(readdirSync(folder).map((name) => readFileSync(at(name), 'utf8'))).toEqual(before);
    expect((await create(line, ...argv, '--force')).exit).toBe(0);
    expect(readdirSync(folder).map((name) => readFileSync(at(name), 'utf8'))).not.toEqual(before);
  }
  expect(readFileSync(at('jwt'), 'utf8')).toMatch(/^[0-9a-f]{64}$/);
  expect(mode('jwt')).toBe(0o600);
});

test.each([
  ['tls keyfile', [...signedBy('tls')], '--host is required'],
  ['tls keyfile', [...signedBy('tls'), '--host=', '--host= '], '--host is required'],
  ['tls keyfile', [...tls, '--host=https://x:1'], "--host 'https://x:1' is neither a host name nor an IP address"],
  ['tls keyfile', [...tls, '--email=x'], "--email 'x' is not an e-mail address"],
  ['tls keyfile', [...tls, '--curve=P224'], '--curve must be one of P256, P384, P521'],
  ['tls keyfile', [...tls, '--rsa-bits=1024'], '--rsa-bits must be one of 2048, 3072, 4096'],
  ['tls keyfile', [...tls, '--rsa-bits=2048'], '--rsa-bits does not go with --curve'],
  ['tls keyfile', [...tls, '--validfor=0s'], '--validfor must be from 1s to 36500d'],
  ['tls keyfile', [...tls, '--validfor=40000d'], '--validfor must be from 1s to 36500d'],
  ['tls keyfile', [...tls, '--cacert=/no/such.crt'], "--cacert names the file '/no/such.crt', which cannot be read"],
  ['tls keyfile', [...tls, signedBy('client-auth')[1] ?? ''], 'the CA key does not belong to the CA certificate'],
  ['tls keystore', [...tls, '--alias=schlüssel'], '--alias must be printable ASCII'],
  ['tls keystore', [...tls, '--keystore-password=schlüssel'], '--keystore-password must be printable ASCII'],
  ['jwt-secret', ['--length=8'], '--length must be from 16 to 32 bytes'],
  ['jwt-secret', ['--length=64'], '--length must be from 16 to 32 bytes'],
])('create %s with bad input %j is one line that names it, exit 2, and no file', async (line, argv, message) => {
  const files = { 'tls keyfile': 'keyfile', 'tls keystore': 'keystore', 'jwt-secret': 'secret' }[line] ?? '';
  const { exit, said } = await create(line, ...argv, ...flags({ [files]: 'made' }));
  expect(exit).toBe(2);
  expect(said).toContain(message);
  expect(said.split('\n')).toHaveLength(1);
  expect(readdirSync(folder)).toEqual([]);
});
