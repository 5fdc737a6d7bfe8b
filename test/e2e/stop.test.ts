import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetStatus } from '../../cli/demo/status.ts';
import { writeAsRoot } from './support/as-root.ts';
import { eventually } from './support/eventually.ts';
import { Members } from './support/members.ts';
import { type Pair, type Side, startPair } from './support/pair.ts';
import { leaderAt } from './support/side.ts';

const SIZE = { masters: 2, workers: 1, dbServers: 3, coordinators: 2 };
const DATABASE = 'shop';
const LANES = 4;

const WRITABLE_MS_MAX = 60_000;

let pair: Pair;
let follows = 0;
beforeAll(async () => {
  pair = await startPair(SIZE);
  const { front } = pair.source.database;
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  const body = { name: 'goods', numberOfShards: 6 };
  await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
}, 120_000);
afterAll(() => pair?.stop());

/** The target follows, whether it did before or not: what is written now arrives there. */
async function following(): Promise<void> {
  await leaderAt(pair.target);
  if ((await targetStatus(pair.target.masters)).status === 'inactive') await pair.configure();
  const key = `follows${follows++}`;
  await eventually('the source being writable', WRITABLE_MS_MAX, () => write(pair.source, key));
  await eventually('a document arriving', 60_000, async () => (await missing(pair.target, [key])).length === 0);
}

const write = (side: Side, key: string) => writeAsRoot(side, DATABASE, 'goods', { _key: key });

/** Writes one document after the other, on each lane until the source refuses; resolves with what it acknowledged. */
async function writeUntilRefused(side: Side, name: string): Promise<string[]> {
  const acknowledged: string[] = [];
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (let number = 0; ; number++) {
      const key = `${name}l${lane}n${number}`;
      if (!(await write(side, key))) return;
      acknowledged.push(key);
    }
  });
  await Promise.all(lanes);
  return acknowledged;
}

async function missing({ database }: Side, keys: readonly string[]): Promise<string[]> {
  const path = '/_api/document/goods';
  const query = { onlyget: true };
  const request = { method: 'PUT', database: DATABASE, path, query, body: keys } as const;
  const answer = await database.front.request(request);
  if (answer.status !== 200) return [...keys];
  const items: { error?: boolean }[] = JSON.parse(answer.body.toString());
  return keys.filter((_, index) => items[index]?.error === true);
}

const statusOf = async (side: Side) => {
  const { output } = await pair.command(['get', 'status', '--output=json'], side);
  return JSON.parse(output.slice(output.indexOf('{')));
};

test('S8: a stop under load leaves no acknowledged write behind, and both sides writable', {
  timeout: 180_000,
}, async () => {
  await following();
  // Whoever may write to a read-only server can do so past the synchronization.
  const planted = {
    method: 'POST',
    database: DATABASE,
    path: '/_api/document/goods',
    body: { _key: 'planted' },
  } as const;
  await pair.target.database.front.json(planted);
  const writing = writeUntilRefused(pair.source, 'stopped');
  const stopped = await pair.command(['stop', 'sync'], pair.target);
  expect(stopped).toMatchObject({ exit: 0, output: expect.stringContaining('Synchronization deactivated.') });
  expect(stopped.output).toMatch(/All \d+ shards are in sync/);
  const acknowledged = await writing;
  expect(acknowledged.length).toBeGreaterThan(10);
  expect(await missing(pair.target, [...acknowledged, 'planted'])).toEqual(['planted']);
  expect(await write(pair.target, 'own')).toBe(true);
  await eventually('the source being writable', WRITABLE_MS_MAX, () => write(pair.source, `again${Math.random()}`));
  expect(await statusOf(pair.target)).toMatchObject({ status: 'inactive', source: [] });
  expect((await statusOf(pair.source)).outgoing).toBeUndefined();
});

test('S8: a stop that runs out of time changes nothing, and the source is writable again', {
  timeout: 180_000,
}, async () => {
  await following();
  const [worker] = pair.target.datacenter.workers;
  process.kill(worker?.process.pid ?? 0, 'SIGSTOP');
  await write(pair.source, 'late');
  const stopped = await pair.command(['stop', 'sync', '--timeout=4s'], pair.target);
  process.kill(worker?.process.pid ?? 0, 'SIGCONT');
  expect(stopped.exit).toBe(1);
  expect(stopped.output).toMatch(/Nothing was stopped, and the source is writable again.*abort sync/);
  await eventually('the source being writable', WRITABLE_MS_MAX, () => write(pair.source, 'after'));
  await eventually(
    'the target going on',
    60_000,
    async () => (await missing(pair.target, ['late', 'after'])).length === 0,
  );
  expect(await write(pair.target, 'own')).toBe(false);
});

async function countOf(side: Side, type: string): Promise<number> {
  return (await side.events()).flatMap(({ events }) => events).filter((event) => event.type === type).length;
}

/** Kills the leaders of both sides, as soon as the log of one has more events of this type than it had. */
async function killLeadersAt(side: Side, type: string, before: number, members: readonly Members[]): Promise<void> {
  await eventually(`a new ${type}`, 60_000, async () => (await countOf(side, type)) > before);
  await Promise.all(members.map((one) => one.killLeader()));
}

const isWritable = (side: Side) => write(side, `probe-${Math.random()}`);

test('S8: leaders killed in the middle of a stop: at most both sides are read-only, and repeating finishes it', {
  timeout: 300_000,
}, async () => {
  await following();
  const members = [new Members(pair.source), new Members(pair.target)];
  for (const [round, [side, type]] of (
    [
      [pair.source, 'BarrierSet'],
      [pair.source, 'BarrierEstablished'],
      [pair.target, 'SyncCancelRequested'],
    ] as const
  ).entries()) {
    const writing = writeUntilRefused(pair.source, `round${round}`);
    const killing = killLeadersAt(side, type, await countOf(side, type), members);
    let { exit } = await pair.command(['stop', 'sync'], pair.target);
    await killing;
    const first = exit;
    for (let attempt = 0; exit !== 0 && attempt < 3; attempt++) {
      if (await isWritable(pair.target)) break;
      // A stop that finds no leader would be no attempt.
      await Promise.all([pair.source, pair.target].map(leaderAt));
      ({ exit } = await pair.command(['stop', 'sync'], pair.target));
    }
    await eventually('the target being writable', WRITABLE_MS_MAX, () => isWritable(pair.target));
    const acknowledged = await writing;
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(await missing(pair.target, acknowledged)).toEqual([]);
    await eventually('the source being writable', WRITABLE_MS_MAX, () => isWritable(pair.source));
    console.log(
      `leaders killed at ${type}: the command ended with ${first}; ${acknowledged.length} writes, none missing`,
    );
    for (const one of [pair.source, pair.target]) {
      expect(await pair.command(['events', 'verify'], one)).toMatchObject({ exit: 0 });
    }
    await pair.configure();
    await eventually(
      'the next round of following',
      60_000,
      async () => (await targetStatus(pair.target.masters)).status === 'running',
    );
  }
});

test('S8: a stop whose command was killed leaves the source read-only, says so, and can be repeated', {
  timeout: 180_000,
}, async () => {
  await following();
  await pair.target.masters.tell({ method: 'POST', path: '/_api/sync/barrier' });
  await writeUntilRefused(pair.source, 'refused');
  const { outgoing } = await statusOf(pair.source);
  expect(outgoing).toMatchObject([{ active_barrier: true }]);
  expect(await isWritable(pair.target)).toBe(false);
  expect(await pair.command(['stop', 'sync'], pair.target)).toMatchObject({ exit: 0 });
  await eventually('both being writable', WRITABLE_MS_MAX, async () => {
    return (await isWritable(pair.source)) && (await isWritable(pair.target));
  });
});
