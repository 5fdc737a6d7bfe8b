import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Terminal } from '../../cli/command.ts';
import { commands } from '../../cli/commands/index.ts';
import { runProgram } from '../../cli/program.ts';
import { passwords } from '../adapters/http/support/https-datacenter.ts';
import { RunningPair } from '../adapters/http/support/running-pair.ts';
import { client, tlsCa } from '../master/support/certificates.ts';
import { until } from '../master/support/until.ts';

let pair: RunningPair;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'arangosync-operating-'));
  writeFileSync(join(folder, 'ca.crt'), tlsCa.certificate);
  writeFileSync(join(folder, 'client.keyfile'), `${client.certificate}${client.key}`, { mode: 0o600 });
  pair = await RunningPair.start();
});

afterEach(async () => {
  await pair.stop();
  rmSync(folder, { recursive: true, force: true });
});

type SideName = 'source' | 'target';

/** Runs a command as a terminal does; `interrupt` gets every line, and may break it off as Ctrl-C does. */
async function run(words: string, at: SideName, flags: string[] = [], interrupt?: (line: string) => boolean) {
  const lines: string[] = [];
  const interruption = new AbortController();
  const say = (line: string) => {
    lines.push(line);
    if (interrupt?.(line) === true) interruption.abort();
  };
  const terminal: Terminal = { out: say, err: say, isInteractive: false, interrupted: interruption.signal };
  const master = `--master.endpoint=https://127.0.0.1:${pair.ports[at]}`;
  const who = [
    '--auth.user=operator',
    `--auth.password=${passwords.operator}`,
    `--master.cacert=${join(folder, 'ca.crt')}`,
  ];
  const exit = await runProgram([...words.split(' '), master, ...who, ...flags], commands, terminal, {});
  return { exit, output: lines.join('\n') };
}

const configureFlags = (from: SideName) => [
  `--source.endpoint=https://127.0.0.1:${pair.ports[from]}`,
  `--source.cacert=${join(folder, 'ca.crt')}`,
  `--master.keyfile=${join(folder, 'client.keyfile')}`,
];
const modeOf = async (side: SideName) =>
  ((await pair[side].ask('GET', '/_admin/server/mode')) as { mode: string }).mode;
const leaderOf = (side: SideName) => {
  const master = pair[side].masters[0]?.master;
  if (master === undefined) throw new Error(`the ${side} has no master`);
  return master;
};
/** A stream transaction at the source: while it runs, no barrier is established. */
const beginWriting = () =>
  pair.source.ask('POST', '/_db/d/_api/transaction/begin', { collections: { write: ['c'] } }) as Promise<{
    result: { id: string };
  }>;

describe('get status', () => {
  it('shows both ends, those shards first that do not run, and one end with --local', async () => {
    // Workers of the two ends report each in its own time, and what keeps the log when they have heard of it.
    const shard = /^d\s+c\s+0\s+running\s+\S+\s+(~\d+ B|unknown)\s+while read\s+copy, \d+ documents\s+running/m;
    const both = await until('both ends run', async () => {
      const { output } = await run('get status', 'target', ['-v']);
      const isSaid = [/^Incoming: running from/, /At the source: running \(\S+\), \d+ shards/, shard];
      return isSaid.every((what) => what.test(output)) && output;
    });
    expect(both).toMatch(
      /Database\s+Collection\s+Shard\s+Status\s+Delay\s+Behind\s+Log kept\s+By\s+At source\s+Message/,
    );
    const local = await run('get status', 'target', ['-v', '--local']);
    expect(local.output).not.toContain('At the source');
    await until('the source says so itself', async () =>
      /^Outgoing: running to/m.test((await run('get status', 'source', ['-v'])).output),
    );
  });

  it('says so when the other end does not answer', async () => {
    await pair.source.masters.splice(0)[0]?.stop();
    const { exit, output } = await run('get status', 'target');
    expect(exit).toBe(0);
    expect(output).toMatch(/At the source: unknown: the source does not answer/);
  });
});

describe('pause sync', () => {
  it('is shown at both ends until resume sync', async () => {
    const paused = await run('pause sync', 'target', ['--keep-log=2h']);
    expect(paused.output).toMatch(/^Synchronization paused\.\nPaused since \S+; /);
    await until('the source keeps its log from where workers ended', async () =>
      /; the source keeps its log until \S+/.test((await run('get status', 'target')).output),
    );
    const status = await run('get status', 'target');
    expect(status.output).toContain("paused: nothing is received until 'arangosync resume sync'");
    expect(status.output).toMatch(/^d\s+c\s+0\s+inactive\s.*paused/m);
    expect((await run('get status', 'source')).output).toContain('this datacenter keeps its log until');
    expect((await run('configure sync', 'target', configureFlags('source'))).output).toContain('It is paused');
    expect(await run('stop sync', 'target', ['--timeout=5s'])).toMatchObject({
      exit: 1,
      output: expect.stringContaining("run 'arangosync resume sync' first"),
    });
    expect(await run('resume sync', 'target')).toMatchObject({ exit: 0, output: 'Synchronization resumed.' });
    await until('it runs', async () => (await run('get status', 'target')).output.startsWith('Incoming: running'));
    expect(leaderOf('target').state.synchronization.paused).toBeNull();
  });

  it('refuses a bad duration, and one that is too long, in one line that names the flag', async () => {
    const { exit, output } = await run('pause sync', 'target', ['--keep-log=soon']);
    expect(exit).toBe(2);
    expect(output).toContain('--keep-log must be a duration');
    expect(await run('pause sync', 'target', ['--keep-log=200h'])).toMatchObject({
      exit: 2,
      output: expect.stringContaining('--keep-log must be 7 days'),
    });
  });
});

describe('stop sync', () => {
  it('S8: interrupted while it waits, leaves the source writable and the target following', async () => {
    await beginWriting();
    const stopped = await run('stop sync', 'target', ['--timeout=60s'], (line) =>
      line.startsWith('Waiting until nobody'),
    );
    expect(stopped.exit).toBe(1);
    expect(stopped.output).toMatch(/interrupted.*Nothing was stopped, and the source is writable again.*abort sync/);
    await until('the source is writable', async () => (await modeOf('source')) === 'default');
    expect(leaderOf('source').state.outgoing.size).toBe(1);
    expect(await modeOf('target')).toBe('readonly');
    expect(leaderOf('target').state.synchronization).toMatchObject({ phase: 'active', barrierEpoch: null });
  });

  it('leads through an outage: abort sync, then abort outgoing sync, then the other direction', async () => {
    const [master] = pair.source.masters.splice(0);
    await master?.stop();
    const stopped = await run('stop sync', 'target', ['--timeout=5s']);
    expect(stopped).toMatchObject({ exit: 1, output: expect.stringContaining("run 'arangosync abort sync'") });
    const aborted = await run('abort sync', 'target', ['--timeout=12s']);
    expect(aborted).toMatchObject({ exit: 0, output: expect.stringContaining('abort outgoing sync') });
    expect(await modeOf('target')).toBe('default');
    expect((await run('get status', 'target')).output).toMatch(
      /source was not told: run 'arangosync abort outgoing sync'/,
    );

    // The source is back, and still lists the target.
    await pair.source.startMaster({ port: pair.ports.source });
    await until('its target is known', () => leaderOf('source').state.outgoing.size === 1);
    const refused = await run('configure sync', 'source', configureFlags('target'));
    const id = [...leaderOf('source').state.outgoing.keys()][0];
    expect(refused).toMatchObject({ exit: 1, output: expect.stringContaining(`abort outgoing sync --target=${id}`) });
    expect(refused.output).not.toContain('loop');
    expect(await run('abort outgoing sync', 'source', [`--target=${id}`])).toMatchObject({ exit: 0 });
    expect(await run('configure sync', 'source', configureFlags('target'))).toMatchObject({ exit: 0 });
    await until('it runs the other way', async () =>
      (await run('get status', 'source')).output.startsWith('Incoming: running'),
    );
  });
});

describe('other commands of operators', () => {
  it('get barrier tells how far it is, and who asked for one stands in the log of the target', async () => {
    expect((await run('get barrier', 'target')).output).toContain('Barrier: not established');
    await pair.caller(pair.ports.target, { certificate: client }).ask('POST', '/_api/sync/barrier');
    await until('in sync', async () =>
      /established: .*\nShards in sync: (\d+) of \1$/.test((await run('get barrier', 'target')).output),
    );
    const events = await run('events list', 'target', ['--type=BarrierRequested']);
    expect(events.output).toMatch(/certificate.*BarrierRequested|BarrierRequested.*certificate/);
    expect(await run('get barrier', 'source')).toMatchObject({ exit: 0 });
  });

  it('the message timeout reaches the workers of each side on its own', async () => {
    expect(await run('set message timeout', 'target', ['3h'])).toMatchObject({
      exit: 0,
      output: 'Message timeout set to 3h0m.',
    });
    expect((await run('get message timeout', 'target')).output).toBe('3h0m');
    expect((await run('get message timeout', 'source')).output).toBe('1h0m');
    const instructions = await leaderOf('target').instructions.next(
      [...leaderOf('target').state.workers.byId.keys()][0] ?? '',
      undefined,
      0,
      AbortSignal.timeout(10_000),
    );
    expect(instructions.messageTimeout).toBe(3 * 3_600_000_000_000);
  });

  it('limits are set at either side, shown, divided among its workers and told to them at once', async () => {
    const workerId = [...leaderOf('target').state.workers.byId.keys()][0] ?? '';
    const told = async () =>
      (await leaderOf('target').instructions.next(workerId, undefined, 0, AbortSignal.timeout(10_000))).throttle;
    expect(await run('set throttle', 'target')).toMatchObject({ exit: 2, output: expect.stringContaining('--link') });
    expect(await run('set throttle', 'target', ['--target-write=fast'])).toMatchObject({
      exit: 2,
      output: expect.stringContaining('--target-write'),
    });
    expect(await run('set throttle', 'target', ['--target-write=1KiB/s'])).toMatchObject({
      exit: 1,
      output: expect.stringContaining('64 KiB/s or more'),
    });
    const set = await run('set throttle', 'target', ['--target-write=50MiB/s,20000ops/s', '--link=none']);
    expect(set).toMatchObject({ exit: 0, output: expect.stringContaining('50 MiB/s and 20,000 operations/s in all') });
    expect((await told())?.targetWrite).toEqual({ bytesPerS: 50 * 1024 ** 2, operationsPerS: 20_000 });
    expect((await run('get throttle', 'target')).output).toContain(
      'Source read: none\nLink: none\nTarget write: 50 MiB/s',
    );
    expect((await run('get status', 'target')).output).toContain(
      'Limits: target write 50 MiB/s and 20,000 operations/s',
    );
    expect((await run('get throttle', 'source')).output).toContain('Target write: none');
    await run('set throttle', 'target', ['--target-write=0ops/s']);
    expect((await told())?.targetWrite).toEqual({ bytesPerS: 50 * 1024 ** 2 });
    await run('set throttle', 'target', ['--target-write=none']);
    expect(await told()).toBeUndefined();
    expect((await run('get status', 'target')).output).not.toContain('Limits');
  });

  it('reset failed shard begins it anew on both sides, and it runs again', async () => {
    const channelOf = (side: SideName) =>
      [...leaderOf(side).state.tasks.values()].find(({ shard }) => shard?.collection === 'c')?.channels.data;
    const before = channelOf('target');
    const flags = ['--database=d', '--collection=c', '--shard=0'];
    expect(await run('reset failed shard', 'target', flags)).toMatchObject({ exit: 0 });
    await until('both sides have other channels', () => {
      const [here, there] = [channelOf('target'), channelOf('source')];
      return here !== undefined && here !== before && here === there;
    });
    await until('it runs', async () => (await run('get status', 'target')).output.startsWith('Incoming: running'));
  });
});
