import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import { TargetBatch } from '../../../src/replication/target/target-batch.ts';
import { directoryOf } from './a-target.ts';
import { instructions, shardTask, TestTarget, testEngine } from './harness.ts';
import { ScriptedSource, type ScriptedStream } from './scripted-source.ts';

/** Dumps and logs of a real server's answers, put into frames as a source does: both sides must end with equal trees. */

const SHARDS = 3;
const NEVER = new AbortController().signal;
const KEYS = ["a'b", 'x:y', 'p%q', '@', '..', '.', 'A_B-c.d(e)+,=;$!*'];

let from: TestTarget;
let to: TestTarget;

beforeAll(async () => {
  [from, to] = await Promise.all([
    TestTarget.start({ mode: 'cluster', dbServers: 2, coordinators: 1 }),
    TestTarget.start({ mode: 'cluster', dbServers: 3, coordinators: 1 }),
  ]);
});
afterAll(() => Promise.all([from.stop(), to.stop()]));

function shard(side: TestTarget, collection: string, shardIndex: number): Promise<ShardTarget> {
  const directory = directoryOf(side, NEVER);
  return directory.shard({ database: '_system', collection, shardIndex });
}

async function write(collection: string, method: 'POST' | 'PUT' | 'DELETE', body: unknown): Promise<void> {
  await from.deployment.front.json({ method, path: `/_api/document/${collection}`, body });
}

/** The snapshot of a shard, and the tick at which its log goes on. */
async function snapshot(place: ShardTarget): Promise<{ readonly lines: string[]; readonly tick: string }> {
  const leader = await from.deployment.dbServer(place.leader);
  const path = '/_api/replication/batch';
  const batch = await leader.json<{ id: string; lastTick: string }>({ method: 'POST', path, body: { ttl: 60 } });
  const query = { collection: place.shardName, batchId: batch.id, useEnvelope: false, chunkSize: 1_000_000 };
  const answer = await leader.request({ method: 'GET', path: '/_api/replication/dump', query });
  const lines = answer.body
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  return { lines, tick: batch.lastTick };
}

/** Operations of a shard behind a tick, as lines of an `ops` frame. */
async function operations(
  place: ShardTarget,
  tick: string,
): Promise<{ readonly lines: string[]; readonly tick: string }> {
  const leader = await from.deployment.dbServer(place.leader);
  const query = { from: tick, collection: place.shardName, includeSystem: true, chunkSize: 10_000_000 };
  const answer = await leader.request({ method: 'GET', path: '/_api/wal/tail', query });
  const lines = answer.body
    .toString()
    .split('\n')
    .flatMap((line) => {
      const data = /"data":(\{.*\})\}$/.exec(line)?.[1];
      if (data === undefined) return [];
      return line.includes('"type":2302') ? [`-${data}`] : line.includes('"type":2300') ? [`+${data}`] : [];
    });
  return { lines, tick: answer.headers['x-arango-replication-lasttick'] ?? tick };
}

test.each([
  ['documents', 2, {}],
  ['edges', 3, { _from: 'v/1', _to: 'v/ü' }],
])('%s of a cluster are equal on the other one after a copy and a stream', async (collection, type, system) => {
  await from.createCollection(collection, { type, numberOfShards: SHARDS });
  await to.createCollection(collection, { type, numberOfShards: SHARDS });
  const values = [1, -0.5, 1e300, null, true, '"\\\n\u0000ä𝄞', [], {}, [[{ a: [] }]], 9007199254740991];
  const many = Array.from({ length: 200 }, (_, number) => ({
    _key: `k${number}`,
    ...system,
    value: values[number % values.length],
  }));
  await write(collection, 'POST', [...many, ...KEYS.map((_key) => ({ _key, ...system }))]);
  // Something old on the target: the copy goes over it.
  await to.restore(collection, [JSON.stringify({ _key: 'k1', _rev: '_bpq8a----A', ...system, old: true })]);
  await to.restore(collection, [JSON.stringify({ _key: 'surplus', _rev: '_bpq8a----B', ...system, old: true })]);

  const channels = Array.from({ length: SHARDS }, (_, index) => `${collection}-${index}`);
  const source = new ScriptedSource(channels);
  const { engine, shard: report } = testEngine(to.deployment, source);
  await engine.setInstructions(
    instructions(channels.map((channel, shardIndex) => shardTask(channel, { collection, shardIndex }))),
  );
  const places = await Promise.all(channels.map((_, index) => shard(from, collection, index)));
  const open: { stream: ScriptedStream; place: ShardTarget; tick: string }[] = [];
  for (const [index, place] of places.entries()) {
    const stream = await source.nextStream(channels[index] ?? '');
    const { lines, tick } = await snapshot(place);
    stream.opened('copy', tick, { expectedDocuments: lines.length }).copy(lines, true);
    open.push({ stream, place, tick });
  }
  await write(
    collection,
    'PUT',
    many.slice(0, 80).map((document) => ({ ...document, changed: true })),
  );
  await write(collection, 'DELETE', [...many.slice(40, 120).map(({ _key }) => ({ _key })), { _key: '..' }]);
  await write(
    collection,
    'POST',
    many.slice(40, 60).map((document) => ({ ...document, again: true })),
  );
  for (const { stream, place, tick } of open) {
    const { lines, tick: end } = await operations(place, tick);
    expect(lines.length).toBeGreaterThan(0);
    stream.ops(tick, end, lines);
  }
  for (const channel of channels) await report(channel, ({ operationsApplied }) => operationsApplied > 0);

  for (const [index, place] of places.entries()) {
    const own = await TargetBatch.open(from.deployment, place, NEVER);
    const copy = await TargetBatch.open(to.deployment, await shard(to, collection, index), NEVER);
    expect(await copy.tree(NEVER)).toEqual(await own.tree(NEVER));
    await Promise.all([own.close(), copy.close()]);
  }
  const keys = [...many.map(({ _key }) => _key), ...KEYS, 'surplus'];
  expect(await to.documents(collection, keys)).toEqual(await from.documents(collection, keys));
  await engine.stop();
});
