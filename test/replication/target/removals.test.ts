import { afterAll, beforeAll, expect, test } from 'vitest';
import { TARGET_LIMITS } from '../../../src/replication/target/environment.ts';
import { Gate } from '../../../src/replication/target/gate.ts';
import type { Operation } from '../../../src/replication/target/lines.ts';
import { readTargetDatabase } from '../../../src/replication/target/read-structure.ts';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import { ShardWriter } from '../../../src/replication/target/shard-writer.ts';
import { Throttle } from '../../../src/replication/throttle/throttle.ts';
import { shardTarget } from './a-target.ts';
import { TestTarget, testEnvironment } from './harness.ts';
import { REVISIONS } from './operations.ts';

const [R1, R2, R3] = REVISIONS;
const NEVER = new AbortController().signal;

let target: TestTarget;
beforeAll(async () => {
  target = await TestTarget.start({ mode: 'cluster', dbServers: 2, coordinators: 1 });
  await target.createCollection('c', { shardKeys: ['part'], numberOfShards: 2 });
});
afterAll(() => target.stop());

/** A writer for the shard that a value of the shard key chooses. */
async function writerFor(part: string, more: Partial<ShardTarget> = {}): Promise<ShardWriter> {
  const { deployment } = target;
  const collection = (await readTargetDatabase(deployment, '_system', NEVER)).collections.get('c');
  const { shardId } = await deployment.front.json<{ shardId: string }>({
    ...{ method: 'PUT', path: '/_api/collection/c/responsibleShard', body: { _key: 'k', part } },
  });
  const shardIndex = collection?.shards.findIndex(({ name }) => name === shardId) ?? -1;
  const leader = collection?.shards[shardIndex]?.leader ?? '';
  const place = { database: '_system', collectionId: collection?.id ?? '', address: 'c', shardName: shardId, leader };
  const sharding = { shards: 2, keys: ['part'], strategy: 'hash' };
  const shard = shardTarget({ ...place, shardIndex, sharding, shardedByKey: false, ...more });
  const nothing = { onWait: () => undefined, onDoubt: async () => undefined };
  const environment = testEnvironment();
  return new ShardWriter({
    deployment,
    target: shard,
    gate: new Gate(2),
    held: { bytes: 0 },
    throttle: new Throttle(environment),
    urgency: () => 'log',
    environment,
    limits: TARGET_LIMITS,
    ...nothing,
  });
}

function put(part: string, revision: string): Operation {
  const bytes = Buffer.from(JSON.stringify({ _key: 'k', _rev: revision, part }));
  return { kind: 'put', key: 'k', revision, bytes };
}

/** As a server tells it whose revisions of removals mean nothing. */
const removal: Operation = { kind: 'remove', key: 'k', revision: '', bytes: new Uint8Array(0) };

/** Two values of the shard key that choose different shards. */
async function twoParts(): Promise<readonly [string, string]> {
  const parts = ['a', 'b', 'c', 'd', 'e', 'f'];
  const shards = await Promise.all(
    parts.map(async (part) => {
      const body = { _key: 'k', part };
      const path = '/_api/collection/c/responsibleShard';
      return (await target.deployment.front.json<{ shardId: string }>({ method: 'PUT', path, body })).shardId;
    }),
  );
  const other = shards.findIndex((shard) => shard !== shards[0]);
  return [parts[0] ?? '', parts[other] ?? ''];
}

test('Removals: one by key takes what its own shard holds, not the fresh document of another', async () => {
  const [first, second] = await twoParts();
  const [here, there] = await Promise.all([writerFor(first), writerFor(second)]);
  await here.apply([put(first, R1)], NEVER);
  // It moved: the insert in the other shard comes before the removal in this one.
  await there.apply([put(second, R2)], NEVER);
  await here.apply([removal], NEVER);
  expect(await target.count('c')).toBe(1);
  expect(await target.revisions('c', ['k'])).toEqual({ k: R2 });
  // Once more, when there is nothing left to remove here, and when it is removed there.
  await here.apply([removal], NEVER);
  expect(await target.count('c')).toBe(1);
  await there.apply([removal, put(second, R3), removal], NEVER);
  expect(await target.count('c')).toBe(0);
});

test('Removals: where revisions are not kept, one takes what its own shard holds, whatever it tells', async () => {
  const [first, second] = await twoParts();
  const own = { keepsRevisions: false };
  const [here, there] = await Promise.all([writerFor(first, own), writerFor(second, own)]);
  const told: Operation = { ...removal, revision: R1 };
  await here.apply([put(first, R1)], NEVER);
  await there.apply([put(second, R2)], NEVER);
  await here.apply([told], NEVER);
  expect(await target.count('c')).toBe(1);
  await here.apply([told], NEVER);
  expect(await target.count('c')).toBe(1);
  await there.apply([{ ...removal, revision: R2 }], NEVER);
  expect(await target.count('c')).toBe(0);
});

test('Removals: one spares the document of another shard that got the same revision in the same millisecond', async () => {
  const [first, second] = await twoParts();
  const [here, there] = await Promise.all([writerFor(first), writerFor(second)]);
  await here.apply([put(first, R1)], NEVER);
  await there.apply([put(second, R1)], NEVER);
  const own = await writerFor(first, { keepsRevisions: false });
  await own.apply([removal], NEVER);
  expect(await target.count('c')).toBe(1);
  expect(await target.documents('c', ['k'])).toMatchObject({ k: { part: second } });
  await there.apply([{ ...removal, revision: R1 }], NEVER);
});
