import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Terminal } from '../../cli/command.ts';
import { commands } from '../../cli/commands/index.ts';
import { runProgram } from '../../cli/program.ts';
import { superuserToken } from '../../src/adapters/arangodb/jwt.ts';
import { passwords } from '../adapters/http/support/https-datacenter.ts';
import { RunningPair } from '../adapters/http/support/running-pair.ts';
import { client, tlsCa } from '../master/support/certificates.ts';
import { until } from '../master/support/until.ts';

let pair: RunningPair;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'arangosync-selection-'));
  writeFileSync(join(folder, 'ca.crt'), tlsCa.certificate);
  writeFileSync(join(folder, 'client.keyfile'), `${client.certificate}${client.key}`, { mode: 0o600 });
  pair = await RunningPair.start();
});

afterEach(async () => {
  await pair.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Side = 'source' | 'target';

async function run(words: string, at: Side, flags: readonly string[] = []) {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const terminal: Terminal = {
    out: say,
    err: say,
    isInteractive: false,
    interrupted: new AbortController().signal,
  };
  const who = [
    `--master.endpoint=https://127.0.0.1:${pair.ports[at]}`,
    '--auth.user=operator',
    `--auth.password=${passwords.operator}`,
    `--master.cacert=${join(folder, 'ca.crt')}`,
  ];
  const exit = await runProgram([...words.split(' '), ...who, ...flags], commands, terminal, {});
  return { exit, output: lines.join('\n') };
}

function configure(at: Side, ...flags: string[]) {
  const from = at === 'target' ? 'source' : 'target';
  const own = [
    `--source.endpoint=https://127.0.0.1:${pair.ports[from]}`,
    `--source.cacert=${join(folder, 'ca.crt')}`,
    `--master.keyfile=${join(folder, 'client.keyfile')}`,
  ];
  return run('configure sync', at, [...own, ...flags]);
}

async function make(side: Side, database: string, collection: string, ...keys: string[]): Promise<void> {
  await pair[side].ask('POST', `/_db/${database}/_api/collection`, { name: collection });
  for (const _key of keys) await pair[side].ask('POST', `/_db/${database}/_api/document/${collection}`, { _key });
}

const KEYS = ['first', 'late', 'mine', 'never', 'second', 'last'];

/** Which of the keys of this test a collection has; none where it is not there. */
async function keysOf(side: Side, collection: string): Promise<string[]> {
  const path = `/_db/d/_api/document/${collection}?onlyget=true`;
  const items = (await pair[side].ask('PUT', path, KEYS).catch(() => [])) as { _key?: string; error?: boolean }[];
  return items.flatMap(({ _key, error }) => (_key === undefined || error === true ? [] : [_key]));
}

/** Writes although the deployment is read-only, as a write does that a server had taken before. */
async function writeLate(side: Side, collection: string, document: object): Promise<void> {
  const nowS = Math.floor(Date.now() / 1_000);
  const token = superuserToken('cluster secret', 'a test', nowS, nowS + 60);
  const answer = await fetch(`${pair[side].database.endpoints[0]}/_db/d/_api/document/${collection}`, {
    method: 'POST',
    headers: { authorization: `bearer ${token}` },
    body: JSON.stringify(document),
  });
  expect(answer.ok).toBe(true);
}

/** Collections that the target receives. */
function followed(): string[] {
  const state = pair.target.masters[0]?.master.state;
  return [...(state?.shards.byKey.values() ?? [])].map(({ shard }) => shard.collection).sort();
}

const runs = (at: Side) =>
  until('it runs', async () => (await run('get status', at)).output.startsWith('Incoming: running'));

describe('configure sync with a selection', () => {
  it('tells what a change does, does it only when that is said, and leaves alone what is left out', async () => {
    await make('source', 'd', 'tmp1', 'first');
    await until('it is followed', async () => followed().includes('tmp1'));
    await until('it is there', async () => (await keysOf('target', 'tmp1')).length === 1);

    const planned = await configure('target', '--exclude=d/tmp*', '--dry-run');
    expect(planned.output).toContain('The selection changes from everything to exclude d/tmp*.');
    expect(planned.output).toContain('Followed newly: 0 collections\nNo longer followed: 1 collection: d/tmp1\n');
    expect(planned.output).toContain('read-only until the synchronization is stopped');
    expect(planned.output).toContain('No document of the target is lost.');
    const refused = await configure('target', '--exclude=d/tmp*');
    expect(refused).toMatchObject({ exit: 1, output: expect.stringContaining('No longer followed: 1 collection') });
    expect(refused.output).toContain('--change-selection does it');
    expect(followed()).toContain('tmp1');

    expect((await configure('target', '--exclude=d/tmp*', '--change-selection')).exit).toBe(0);
    await until('it is not followed', () => !followed().includes('tmp1'));
    await runs('target');
    expect((await run('get status', 'target')).output).toContain('\nSelection: exclude d/tmp*\n');
    const json = JSON.parse((await run('get status', 'target', ['--output=json'])).output);
    expect(json.selection).toEqual({ include: [], exclude: ['d/tmp*'] });
    const list = await run('events list', 'target', ['--type=ShardsRemoved,SyncSelectionChanged']);
    expect(list.output).toContain('SyncSelectionChanged');

    // Both sides differ in what is left out, and that is no difference.
    await make('source', 'd', 'tmp2', 'never');
    await pair.source.ask('POST', '/_db/d/_api/document/tmp1', { _key: 'second' });
    await pair.source.ask('POST', '/_db/d/_api/document/c', { _key: 'last' });
    await until('what is selected arrives', async () => (await keysOf('target', 'c')).includes('last'));
    expect(await keysOf('target', 'tmp1')).toEqual(['first']);
    const checked = await run('check sync', 'target');
    expect(checked.output).toBe(
      'Compared is what is selected: exclude d/tmp*. All else is not looked at.\nWhat is selected is the same',
    );
    expect(checked.exit).toBe(0);

    // Not named: it stays.
    expect((await configure('target')).exit).toBe(0);
    expect(followed()).not.toContain('tmp1');
  });

  it('S3: what comes back is compared before the log serves it, whatever landed in it meanwhile', async () => {
    await make('source', 'd', 'tmp1', 'first');
    await until('it is there', async () => (await keysOf('target', 'tmp1')).length === 1);
    expect((await configure('target', '--exclude=d/tmp*', '--change-selection')).exit).toBe(0);
    await until('it is not followed', () => !followed().includes('tmp1'));
    await runs('target');
    // A write that was on its way: the superuser is not stopped by the read-only mode.
    await writeLate('target', 'tmp1', { _key: 'late' });
    expect(await keysOf('target', 'tmp1')).toEqual(['first', 'late']);
    await pair.source.ask('POST', '/_db/d/_api/document/tmp1', { _key: 'second' });

    const all = await configure('target', '--include=*', '--change-selection');
    expect(all.output).toContain('from exclude d/tmp* to everything');
    expect(all.output).toContain('Followed newly: 1 collection: d/tmp1');
    await until('it is followed', () => followed().includes('tmp1'));
    await until('it is as on the source', async () => {
      return JSON.stringify(await keysOf('target', 'tmp1')) === JSON.stringify(['first', 'second']);
    });
    await runs('target');
    expect(await run('check sync', 'target')).toMatchObject({ exit: 0, output: 'The whole data is the same' });
    // Later openings of the stream have reasons of their own.
    const shown = await run('events list', 'target', [
      '--type=ShardStatesChanged',
      '--shard=d/tmp1/0',
      '--output=json',
    ]);
    const changes = shown.output.split('\n').flatMap((line) => JSON.parse(line).data.changes);
    expect(changes).toContainEqual(
      expect.objectContaining({ way: 'difference', reason: expect.stringContaining('not selected for a while') }),
    );
  });

  it('S8: reversed, the part that was replicated comes back, and the rest of the old source is left alone', async () => {
    await make('source', 'd', 'own', 'mine');
    await until('it is followed', () => followed().includes('own'));
    expect((await configure('target', '--include=d/c', '--change-selection')).exit).toBe(0);
    await until('it is not followed', () => followed().join() === 'c');
    await runs('target');
    const flags = [
      `--master.keyfile=${join(folder, 'client.keyfile')}`,
      `--source.endpoint=https://127.0.0.1:${pair.ports.source}`,
      '--timeout=60s',
    ];
    const reversed = await run('reverse sync', 'target', flags);
    expect(reversed.output).toContain('The direction is reversed.');
    expect((await run('get status', 'source')).output).toContain('Selection: include d/c');
    expect((await run('get status', 'target')).output).toContain('The last one had the selection include d/c');
    expect(await keysOf('source', 'own')).toEqual(['mine']);

    expect((await run('stop sync', 'source', ['--timeout=60s'])).exit).toBe(0);
    // Taken for everything it would drop what the new source never had.
    const unnamed = await configure('source');
    expect(unnamed).toMatchObject({ exit: 1, output: expect.stringContaining('name it with --include') });
    expect(await keysOf('source', 'own')).toEqual(['mine']);
  });

  it.each([
    ['--include=d/', 'which names no collection'],
    ['--exclude=a/b/c', "has more than one '/'"],
  ])('%s is refused in one line that names the flag', async (flag, why) => {
    const { exit, output } = await configure('target', flag);
    expect(exit).toBe(2);
    expect(output.split('\n')).toHaveLength(1);
    expect(output).toContain(`${flag.split('=')[0]} has the pattern`);
    expect(output).toContain(why);
  });
});
