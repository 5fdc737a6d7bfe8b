import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Terminal } from '../../cli/command.ts';
import { commands } from '../../cli/commands/index.ts';
import { runProgram } from '../../cli/program.ts';
import { createLogger } from '../../src/adapters/logging/logger.ts';
import { type MasterProcess, startMaster } from '../../src/adapters/master-process.ts';
import type { ListedEvent } from '../../src/wire/events.ts';
import { clientCa, keyfile, tlsCa } from '../master/support/certificates.ts';
import { fastTimes } from '../master/support/datacenter.ts';
import { FakeServer } from '../master/support/fake-deployment.ts';
import { type HttpFront, serveFake } from '../master/support/http-front.ts';
import { steadyLeases } from '../master/support/steady-leases.ts';
import { until } from '../master/support/until.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const secret = 'the secret of the masters';
const folder = temporaryFolder();
const log = createLogger({ level: 'silent', role: 'master' });

let front: HttpFront;
let master: MasterProcess;

async function start(): Promise<MasterProcess> {
  const started = await startMaster({
    clusterEndpoints: [front.endpoint],
    clusterJwtSecret: 'cluster secret',
    host: '127.0.0.1',
    port: 0,
    keyfile,
    clientCa: clientCa.certificate,
    masterSecret: secret,
    masterCa: tlsCa.certificate,
    mqType: 'direct',
    monitoringToken: 'watch',
    log,
    version: { version: '0.1.0', build: 'test' },
    times: { ...fastTimes, ...steadyLeases },
  });
  await until('it leads', () => started.master.leads);
  return started;
}

beforeAll(async () => {
  writeFileSync(join(folder, 'ca.crt'), tlsCa.certificate);
  front = await serveFake(new FakeServer(), 'AAA');
  master = await start();
  expect((await run(['set', 'message', 'timeout', ...asking(), '2h'])).exit).toBe(0);
  expect((await run(['set', 'message', 'timeout', ...asking(), '3h'])).exit).toBe(0);
  const reset = ['reset', 'failed', 'shard', ...asking(), '--database=d', '--collection=c', '--shard=0'];
  expect(await run(reset)).toMatchObject({ exit: 1, err: expect.stringContaining('the synchronization is inactive') });
});

afterAll(async () => {
  await master.stop();
  await front.close();
});

function asking(): string[] {
  const authentication = ['--auth.user=root', '--auth.password=x', `--master.cacert=${join(folder, 'ca.crt')}`];
  return [`--master.endpoint=https://127.0.0.1:${master.port}`, ...authentication];
}

interface Ran {
  readonly exit: number;
  readonly out: readonly string[];
  readonly err: string;
}

async function run(
  argv: string[],
  interrupted = new AbortController().signal,
  onLine = (_line: string) => {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    out: (line) => {
      out.push(line);
      onLine(line);
    },
    err: (line) => void err.push(line),
    isInteractive: false,
    interrupted,
  };
  const exit = await runProgram(argv, commands, terminal, {});
  return { exit, out, err: err.join('\n') };
}

async function listed(...options: string[]): Promise<readonly ListedEvent[]> {
  const { exit, out, err } = await run(['events', 'list', ...asking(), '--output=json', ...options]);
  expect([exit, err]).toEqual([0, '']);
  return out.map((line) => JSON.parse(line));
}

describe('events list', () => {
  it('shows who gave a command, from where, with which client, and when', async () => {
    const [first, second] = await listed('--type=MessageTimeoutSet');
    expect(first).toMatchObject({
      type: 'MessageTimeoutSet',
      data: { messageTimeoutMs: 7_200_000 },
      cause: 'set-message-timeout by user root',
      actor: { kind: 'user', name: 'root', clientId: 'arangosync-cli', address: '127.0.0.1' },
      term: 1,
    });
    expect(Math.abs(Date.parse(first?.at ?? '') - Date.now())).toBeLessThan(60_000);
    expect(second?.data).toEqual({ messageTimeoutMs: 10_800_000 });
    expect(second?.position).toBeGreaterThan(first?.position ?? 0);
  });

  it('shows what was refused, why, and to whom', async () => {
    const [rejected, ...more] = await listed('--type=CommandRejected');
    expect(more).toEqual([]);
    expect(rejected).toMatchObject({
      data: {
        command: 'reset-shards',
        subject: { database: 'd', collection: 'c', shardIndex: 0 },
        status: 412,
        code: 'not-active',
        reason: 'the synchronization is inactive',
        unrecorded: 0,
      },
      actor: { kind: 'user', name: 'root' },
    });
  });

  it('shows the newest, oldest first, as many as were asked for', async () => {
    const all = await listed();
    expect(await listed('--limit=2')).toEqual(all.slice(-2));
    expect(all.map(({ position }) => position)).toEqual(all.map(({ position }) => position).toSorted((a, b) => a - b));
    expect(all[0]?.position).toBe(1);
  });

  it('filters by time, as a time and as a duration ago', async () => {
    const all = await listed();
    const [rejected] = await listed('--type=CommandRejected');
    expect(await listed(`--since=${rejected?.at}`)).toEqual(all.filter(({ at }) => at >= (rejected?.at ?? '')));
    expect(await listed('--since=1h')).toEqual(all);
    expect(await listed('--until=1h')).toEqual([]);
  });

  it('is a table for people', async () => {
    const { out } = await run(['events', 'list', ...asking(), '--type=MessageTimeoutSet']);
    expect(out.join('\n')).toMatch(/^Position\s+Time\s+Type\s+By\s+What\n/);
    expect(out.join('\n')).toContain('user root from 127.0.0.1 (arangosync-cli)');
    expect(out.join('\n')).toContain('messageTimeoutMs=7200000');
  });

  it.each([
    [['--type=ShardFialed'], 1, 'no event type ShardFialed; there are'],
    [['--shard=d/c'], 2, '--shard must be database/collection/index'],
    [['--since=yesterday'], 2, '--since must be a time such as'],
    [['--limit=0'], 2, '--limit must be from 1'],
  ])('says what is wrong with %s', async (options, exit, text) => {
    expect(await run(['events', 'list', ...asking(), ...options])).toMatchObject({
      exit,
      err: expect.stringContaining(text),
    });
  });
});

describe('events tail', () => {
  it('shows what was and then what happens, each once, until interrupted', async () => {
    const interruption = new AbortController();
    const lines: string[] = [];
    const running = run(
      ['events', 'tail', ...asking(), '--type=MessageTimeoutSet', '--lines=1', '--output=json'],
      interruption.signal,
      (line) => void lines.push(line),
    );
    await until('the newest is shown', () => lines.length === 1);
    await run(['set', 'message', 'timeout', ...asking(), '4h']);
    await run(['set', 'message', 'timeout', ...asking(), '3h']);
    await until('what happened is shown', () => lines.length === 3);
    interruption.abort();
    expect((await running).exit).toBe(0);
    const hours = lines.map((line) => JSON.parse(line).data.messageTimeoutMs / 3_600_000);
    expect(hours).toEqual([3, 4, 3]);
  });
});

describe('events show', () => {
  it('shows a commit in full', async () => {
    const [rejected] = await listed('--type=CommandRejected');
    const shown = await run(['events', 'show', ...asking(), String(rejected?.position)]);
    expect(shown.out.join('\n')).toContain('By         user root from 127.0.0.1 (arangosync-cli)');
    expect(shown.out.join('\n')).toContain('"reason": "the synchronization is inactive"');
    const json = await run(['events', 'show', ...asking(), '--output=json', String(rejected?.position)]);
    expect(JSON.parse(json.out.join('\n'))).toMatchObject({ v: 2, position: rejected?.position });
  });

  it('says which positions there are', async () => {
    expect(await run(['events', 'show', ...asking(), '999'])).toMatchObject({
      exit: 1,
      err: expect.stringContaining('no commit 999: the log holds 1 to '),
    });
    expect(await run(['events', 'show', ...asking(), 'x'])).toMatchObject({ exit: 2 });
  });
});

describe('events verify', () => {
  it('finds a log whole, and says what it was held against', async () => {
    const { exit, out } = await run(['events', 'verify', ...asking()]);
    expect([exit, out.at(-1)]).toEqual([0, 'The event log is whole.']);
    expect(out.join('\n')).toContain('the rules of the state machines, the state of master');
  });

  it('verifies an exported file without a master, and finds what was changed in it', async () => {
    const file = join(folder, 'exported.jsonl');
    expect(await run(['events', 'export', ...asking(), `--file=${file}`])).toMatchObject({ exit: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const offline = (path: string, key = secret) =>
      run(['events', 'verify', `--file=${path}`, `--master.jwtSecret=${key}`]);
    expect(await offline(file)).toMatchObject({ exit: 0, out: expect.arrayContaining(['The event log is whole.']) });

    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const changed = join(folder, 'changed.jsonl');
    writeFileSync(
      changed,
      lines.map((line) => line.replace('"messageTimeoutMs":7200000', '"messageTimeoutMs":7200001')).join('\n'),
    );
    const position = lines.findIndex((line) => line.includes('7200000')) + 1;
    expect(await offline(changed)).toMatchObject({
      exit: 1,
      out: expect.arrayContaining([`position ${position}: chain: changed: its content does not match its hash`]),
    });
    const lacking = join(folder, 'lacking.jsonl');
    writeFileSync(lacking, lines.toSpliced(1, 1).join('\n'));
    expect(await offline(lacking)).toMatchObject({
      exit: 1,
      out: expect.arrayContaining(['position 2: chain: swapped: the commit of position 3 is there']),
    });
    expect(await offline(file, 'another secret')).toMatchObject({
      exit: 1,
      out: expect.arrayContaining([expect.stringContaining('position 1: chain: other-key')]),
    });
  });

  it('verifies a part of a log by its chain alone, and says so', async () => {
    const file = join(folder, 'part.jsonl');
    await run(['events', 'export', ...asking(), `--file=${file}`, '--from=2', '--to=3']);
    const { exit, out } = await run(['events', 'verify', `--file=${file}`, `--master.jwtSecret=${secret}`]);
    expect([exit, out[0]]).toEqual([0, expect.stringContaining('positions 2 to 3')]);
    expect(out[1]).toContain('what came before the first commit is not here');
  });

  it.each([
    [['--file=/nowhere/events.jsonl', '--master.jwtSecret=s'], '--file names'],
    [['--file=package.json'], '--master.jwt-secret is required with --file'],
    [[], '--master.endpoint is required, or --file'],
  ])('says what is missing: %s', async (options, text) => {
    expect(await run(['events', 'verify', ...options])).toMatchObject({ exit: 2, err: expect.stringContaining(text) });
  });
});

describe('replay', () => {
  it('shows a projection as it was before and after a commit', async () => {
    const [first] = await listed('--type=MessageTimeoutSet');
    const position = first?.position ?? 0;
    const at = async (to: number | string) => {
      const { out } = await run(['replay', ...asking(), `--to=${to}`, '--projection=settings', '--output=json']);
      return JSON.parse(out.join('\n'));
    };
    expect(await at(position - 1)).toMatchObject({ position: position - 1, state: { messageTimeoutMs: 3_600_000 } });
    expect(await at(position)).toMatchObject({ position, at: first?.at, state: { messageTimeoutMs: 7_200_000 } });
    expect(await at(first?.at ?? '')).toMatchObject({ state: { messageTimeoutMs: 7_200_000 } });
  });

  it('shows what changed between two places', async () => {
    const [first, second] = await listed('--type=MessageTimeoutSet');
    const { out } = await run([
      ...['replay', ...asking(), `--from=${first?.position}`, `--to=${second?.position}`, '--projection=settings'],
    ]);
    expect(out[0]).toMatch(/^settings from position \d+ .* to position \d+ .*: 1 changes$/);
    expect(out[1]).toBe('~ /messageTimeoutMs  7200000 → 10800000');
  });

  it('shows the leader of before after another one took over', async () => {
    const former = master.id;
    const before = master.master.position;
    await master.stop();
    master = await start();
    const leaderAt = async (to: number) => {
      const { out } = await run(['replay', ...asking(), `--to=${to}`, '--projection=leadership', '--output=json']);
      return JSON.parse(out.join('\n')).state;
    };
    expect(await leaderAt(before)).toMatchObject({ term: 1, leader: { masterId: former } });
    expect(await leaderAt(master.master.position)).toMatchObject({ term: 2, leader: { masterId: master.id } });
    expect((await run(['events', 'verify', ...asking()])).exit).toBe(0);
  });

  it.each([
    [['--to=99999'], 1, 'the log ends at position'],
    [['--to=noon'], 2, '--to must be a position, a time'],
    [['--to=1', '--projection=nothing'], 2, '--projection must be one of all, audit'],
  ])('says what is wrong with %s', async (options, exit, text) => {
    expect(await run(['replay', ...asking(), ...options])).toMatchObject({ exit, err: expect.stringContaining(text) });
  });
});
