import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { defineCommand, type Terminal } from '../../cli/command.ts';
import { commands } from '../../cli/commands/index.ts';
import * as option from '../../cli/options.ts';
import { runProgram } from '../../cli/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = temporaryFolder();

async function run(argv: string[], environment: Record<string, string> = {}, extra = commands) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    isInteractive: false,
    interrupted: new AbortController().signal,
  };
  const help = vi.spyOn(console, 'info').mockImplementation((text: string) => void out.push(text));
  const exit = await runProgram(argv, extra, terminal, environment);
  help.mockRestore();
  return { exit, out: out.join('\n'), err: err.join('\n') };
}

/** A command that shows what it was given. */
const probe = defineCommand({
  words: 'show values',
  summary: 'Show values',
  options: {
    endpoints: option.endpoints('master.endpoint', { description: '' }, false),
    secret: option.secret('master.jwt-secret', { description: '' }),
    hosts: option.list('host', { description: '' }),
    wait: option.duration('timeout', '2m', { description: '' }),
    verbose: option.flag('verbose', { short: 'v', description: '' }),
    inSync: option.flag('ensure-in-sync', { description: '' }, true),
    token: option.text('monitoring.token', { description: '' }),
    port: option.integer('server.port', 8629, { description: '' }),
  },
  run: async (values, terminal) => {
    terminal.out(JSON.stringify(values));
    return 0;
  },
});

const show = async (argv: string[], environment: Record<string, string> = {}) =>
  run(['show', 'values', ...argv], environment, [probe]);

test('dotted options are taken in camel and in kebab case, with = and with a blank', async () => {
  for (const argv of [['--master.jwtSecret=s'], ['--master.jwt-secret', 's'], ['--master.jwt-secret=s']]) {
    expect(JSON.parse((await show(argv)).out)).toMatchObject({ secret: 's' });
  }
});

test('endpoints may be repeated and separated by commas', async () => {
  const { out } = await show(['--master.endpoint=https://a:1,https://b:2', '--master.endpoint', 'https://c:3']);
  expect(JSON.parse(out).endpoints).toEqual(['https://a:1', 'https://b:2', 'https://c:3']);
});

test('values stay texts, even those that look like numbers', async () => {
  expect(JSON.parse((await show(['--monitoring.token=007'])).out)).toMatchObject({ token: '007' });
});

test('empty values of unset variables add nothing', async () => {
  const { out } = await show(['--host=', '--host=a', '--monitoring.token=']);
  expect(JSON.parse(out)).toMatchObject({ hosts: ['a'] });
  expect(JSON.parse(out)).not.toHaveProperty('token');
});

test('every option can come from the environment, and the flag wins', async () => {
  const environment = { ARANGOSYNC_MASTER_JWT_SECRET: 'from-env', ARANGOSYNC_SERVER_PORT: '1' };
  expect(JSON.parse((await show(['--server.port=2'], environment)).out)).toMatchObject({ secret: 'from-env', port: 2 });
});

test('a secret may be the path of a file, whose content is trimmed', async () => {
  const path = join(folder, 'secret');
  writeFileSync(path, 'from-file\n');
  expect(JSON.parse((await show([`--master.jwtSecret=${path}`])).out)).toMatchObject({ secret: 'from-file' });
});

test('a path without a file is refused without repeating it', async () => {
  const { exit, err } = await show(['--master.jwtSecret=/no/such/file']);
  expect(exit).toBe(2);
  expect(err).toContain('--master.jwt-secret');
  expect(err).not.toContain('/no/such');
});

test('switches take -v, a bare flag, and =false', async () => {
  expect(JSON.parse((await show(['-v', '--ensure-in-sync=false'])).out)).toMatchObject({
    verbose: true,
    inSync: false,
  });
});

test.each([
  [['--server.port=eighty'], '--server.port must be a whole number'],
  [['--master.endpoint=nonsense'], '--master.endpoint must be a URL'],
  [['--timeout=soon'], '--timeout must be a duration'],
  [['--sever.port=1'], 'unknown option --sever.port'],
  [['\\'], "unexpected argument '\\'"],
  [['--monitoring.token'], 'monitoring.token'],
])('bad input %j is one line that says what is wrong, and exit 2', async (argv, message) => {
  const { exit, err } = await show(argv);
  expect(exit).toBe(2);
  expect(err).toContain(message);
  expect(err.split('\n')).toHaveLength(1);
});

test('an unknown command is named, and every command has its help', async () => {
  expect(await run(['frobnicate'])).toMatchObject({
    exit: 2,
    err: expect.stringContaining("unknown command 'frobnicate'"),
  });
  for (const { words, options } of commands) {
    const { exit, out } = await run([...words.split(' '), '--help']);
    expect(exit).toBe(0);
    for (const { name } of Object.values(options)) expect(out).toContain(`--${name}`);
  }
});

test('an option in front of a command is named, without the value it was given', async () => {
  const { exit, err } = await run(['--master.jwtSecret=hidden', 'get', 'status']);
  expect(exit).toBe(2);
  expect(err).toBe('arangosync: unknown option --master.jwtSecret: options stand behind a command');
});

test('an unexpected argument is named before an option that is missing', async () => {
  const { exit, err } = await run(['get', 'status', 'everything']);
  expect(exit).toBe(2);
  expect(err).toBe("arangosync: unexpected argument 'everything'");
});

test('a keyfile is replaced when made again, a CA only with --force', async () => {
  const [cert, key, keyfile] = ['ca.crt', 'ca.key', 'x.keyfile'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const ca = ['create', 'tls', 'ca', `--cert=${cert}`, `--key=${key}`];
  const leaf = [
    'create',
    'tls',
    'keyfile',
    `--cacert=${cert}`,
    `--cakey=${key}`,
    '--host=127.0.0.1',
    `--keyfile=${keyfile}`,
  ];
  expect((await run(ca)).exit).toBe(0);
  expect((await run(leaf)).exit).toBe(0);
  const first = readFileSync(keyfile, 'utf8');
  expect((await run(leaf)).exit).toBe(0);
  expect(readFileSync(keyfile, 'utf8')).not.toBe(first);
  expect(await run(ca)).toMatchObject({ exit: 2, err: expect.stringContaining('--force') });
  expect((await run([...ca, '--force'])).exit).toBe(0);
  expect([cert, key, keyfile].map((path) => statSync(path).mode & 0o777)).toEqual([0o644, 0o600, 0o600]);
});

test('a JWT secret has the wanted length and is not replaced', async () => {
  const path = join(folder, 'jwt');
  expect((await run(['create', 'jwt-secret', `--secret=${path}`, '--length=20'])).exit).toBe(0);
  expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f]{40}$/);
  expect((await run(['create', 'jwt-secret', `--secret=${path}`])).exit).toBe(2);
});

test('a master that cannot be reached is an error with its endpoint, and exit 1', async () => {
  const argv = [
    'get',
    'status',
    '--master.endpoint=https://127.0.0.1:1',
    '--auth.user=root',
    '--auth.password=secret-password',
  ];
  const { exit, err } = await run(argv);
  expect(exit).toBe(1);
  expect(err).toContain('https://127.0.0.1:1');
  expect(err).toContain('not verified');
  expect(err).not.toContain('secret-password');
});

test('a worker that may copy nothing is refused', async () => {
  const required = [
    '--master.endpoint=https://127.0.0.1:1',
    '--master.jwtSecret=a',
    '--server.endpoint=https://127.0.0.1:2',
  ];
  const { exit, err } = await run(['run', 'worker', ...required, '--worker.max-initial-sync-tasks=0']);
  expect({ exit, err }).toEqual({ exit: 2, err: expect.stringContaining('--worker.max-initial-sync-tasks') });
  expect(err.trim().split('\n')).toHaveLength(1);
});

test.each(['5ms', '2m', 'often'])('lag markers at a distance of %s are refused', async (interval) => {
  const required = [
    '--master.endpoint=https://127.0.0.1:1',
    '--master.jwtSecret=a',
    '--server.endpoint=https://127.0.0.1:2',
  ];
  const { exit, err } = await run(['run', 'worker', ...required, `--worker.lag-marker-interval=${interval}`]);
  expect({ exit, err }).toEqual({ exit: 2, err: expect.stringContaining('--worker.lag-marker-interval') });
  expect(err.trim().split('\n')).toHaveLength(1);
});
