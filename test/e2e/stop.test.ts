import { afterEach, expect, test } from 'vitest';
import { MasterList } from '../../src/wire/cluster-members.ts';
import { writeAsRoot } from './support/as-root.ts';
import { eventually } from './support/eventually.ts';
import { type Pair, type Side, startPair } from './support/pair.ts';

const SIZE = { masters: 2, workers: 1, dbServers: 3, coordinators: 2 };
const DATABASE = 'shop';
const LANES = 4;

let pair: Pair;
afterEach(() => pair?.stop());

async function started(): Promise<void> {
  pair = await startPair(SIZE);
  const { front } = pair.source.database;
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  const body = { name: 'goods', numberOfShards: 6 };
  await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
  await pair.configure();
  expect(await write(pair.source, 'first')).toBe(true);
  await eventually(
    'the first document arriving',
    30_000,
    async () => (await missing(pair.target, ['first'])).length === 0,
  );
}

const write = (side: Side, key: string) => writeAsRoot(side, DATABASE, 'goods', { _key: key });

/** Writes one document after the other, on each lane until the source refuses; resolves with what it acknowledged. */
async function writeUntilRefused(side: Side): Promise<string[]> {
  const acknowledged: string[] = [];
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (let number = 0; ; number++) {
      const key = `l${lane}n${number}`;
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
  await started();
  const writing = writeUntilRefused(pair.source);
  const stopped = await pair.command(['stop', 'sync'], pair.target);
  expect(stopped).toMatchObject({ exit: 0, output: expect.stringContaining('Synchronization deactivated.') });
  expect(stopped.output).toMatch(/All \d+ shards are in sync/);
  const acknowledged = await writing;
  expect(acknowledged.length).toBeGreaterThan(10);
  expect(await missing(pair.target, acknowledged)).toEqual([]);
  expect(await write(pair.target, 'own')).toBe(true);
  await eventually('the source being writable', 10_000, () => write(pair.source, `again${Math.random()}`));
  expect(await statusOf(pair.target)).toMatchObject({ status: 'inactive', source: [] });
  expect((await statusOf(pair.source)).outgoing).toBeUndefined();
});

test('S8: a stop that runs out of time changes nothing, and the source is writable again', {
  timeout: 180_000,
}, async () => {
  await started();
  const [worker] = pair.target.datacenter.workers;
  process.kill(worker?.process.pid ?? 0, 'SIGSTOP');
  await write(pair.source, 'late');
  const stopped = await pair.command(['stop', 'sync', '--timeout=4s'], pair.target);
  process.kill(worker?.process.pid ?? 0, 'SIGCONT');
  expect(stopped.exit).toBe(1);
  expect(stopped.output).toMatch(/Nothing was stopped, and the source is writable again.*abort sync/);
  await eventually('the source being writable', 10_000, () => write(pair.source, 'after'));
  await eventually(
    'the target going on',
    30_000,
    async () => (await missing(pair.target, ['late', 'after'])).length === 0,
  );
  expect(await write(pair.target, 'own')).toBe(false);
});

test('S8: a leader killed in the middle of a stop: repeating the command finishes it', {
  timeout: 180_000,
}, async () => {
  await started();
  await pair.target.masters.tell({ method: 'POST', path: '/_api/sync/barrier' });
  const writing = writeUntilRefused(pair.source);
  for (const side of [pair.source, pair.target]) {
    const { masters } = await side.masters.ask({ method: 'GET', path: '/_api/masters' }, MasterList);
    const leader = masters.find(({ leader }) => leader)?.endpoint;
    await side.datacenter.masters.find(({ endpoint }) => endpoint === leader)?.process.kill();
  }
  const stopped = await pair.command(['stop', 'sync'], pair.target);
  expect(stopped).toMatchObject({ exit: 0 });
  expect(await missing(pair.target, await writing)).toEqual([]);
  await eventually('both being writable', 10_000, async () => {
    return (await write(pair.source, `s${Math.random()}`)) && (await write(pair.target, `t${Math.random()}`));
  });
});
