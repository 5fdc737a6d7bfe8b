import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { TARGET_LIMITS, type TargetLimits } from '../../../src/replication/target/environment.ts';
import { ShardFailed, TargetChanged } from '../../../src/replication/target/failures.ts';
import { Gate } from '../../../src/replication/target/gate.ts';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import { ShardWriter } from '../../../src/replication/target/shard-writer.ts';
import { TestTarget, testEnvironment } from './harness.ts';
import { put, REVISIONS, remove } from './operations.ts';

const [R1, R2, R3, R4, R5] = REVISIONS;
const NEVER = new AbortController().signal;

let target: TestTarget;
let collectionId: string;
let waits: string[];
let doubts: string[];

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
});
afterAll(() => target.stop());
beforeEach(async () => {
  collectionId = await target.createCollection('c');
  waits = [];
  doubts = [];
});
afterEach(async () => {
  target.embedded.control.clearFaults();
  await target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' });
});

function writer(more: Partial<ShardTarget> = {}, limits: Partial<TargetLimits> = {}): ShardWriter {
  const shard: ShardTarget = {
    database: '_system',
    collection: 'c',
    collectionId,
    address: collectionId,
    shardIndex: 0,
    shardName: 'c',
    leader: 'single',
    shardedByKey: true,
    uniqueIndexes: false,
    revisionOrder: true,
    ...more,
  };
  return new ShardWriter({
    deployment: target.deployment,
    target: shard,
    gate: new Gate(2),
    environment: testEnvironment(),
    limits: { ...TARGET_LIMITS, ...limits },
    onWait: (reason) => {
      if (reason !== undefined) waits.push(reason);
    },
    onDoubt: async (reason) => void doubts.push(reason),
  });
}

/** Faults on writes of documents only. */
function fault(status: number, errorNum: number, count: number, when: 'before' | 'after' = 'before'): void {
  const action = { kind: 'fail', status, errorNum, message: 'a fault of the test' } as const;
  target.embedded.control.addFault({ method: 'POST', path: /\/_api\/document\//, count, when, action });
}

test('keys, revisions and numbers stay as they are', async () => {
  const line = `{"_key":"a","_id":"c/a","_rev":"${R1}","n":12345678901234567890,"x":1.10,"u":"\\u00e4ö"}`;
  await writer().apply([{ kind: 'put', key: 'a', revision: R1, bytes: Buffer.from(line) }], NEVER);
  const path = '/_api/document/c';
  const body = JSON.stringify(['a']);
  const answer = await target.deployment.front.request({ method: 'PUT', path, query: { onlyget: true }, body });
  const text = answer.body.toString();
  expect(text).toContain(`"_rev":"${R1}"`);
  expect(text).toContain('12345678901234567890');
});

test('removing what is absent is success', async () => {
  await writer().apply([put('a', R1), remove('b', R2), remove('x', R3)], NEVER);
  expect(await target.revisions('c', ['a', 'b', 'x'])).toEqual({ a: R1 });
});

test('applying the same operations again changes nothing', async () => {
  const operations = [put('a', R1), put('b', R2), remove('a', R1), put('b', R3)];
  const one = writer();
  await one.apply(operations, NEVER);
  await one.apply(operations, NEVER);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ b: R3 });
});

test.each([
  ['a lock timeout', 500, 18],
  ['a write-write conflict', 409, 1200],
  ['a missing leader', 503, 1478],
  ['a broken connection inside of the cluster', 503, 1465],
  ['a leader that resigned', 503, 1491],
  ['a challenge of the leader', 503, 1495],
  ['a write concern that is not met', 403, 1004],
  ['too few replicas', 503, 1429],
  ['a refused login that comes back', 403, 11],
])('%s (%i/%i) is waited out and told', async (_, status, errorNum) => {
  fault(status, errorNum, 2);
  await writer().apply([put('a', R1)], NEVER);
  expect(await target.revisions('c', ['a'])).toEqual({ a: R1 });
  expect(waits.join()).toContain(String(errorNum));
});

test('a write whose answer is lost is repeated', async () => {
  target.embedded.control.addFault({
    method: 'POST',
    path: /\/_api\/document\//,
    count: 1,
    when: 'after',
    action: { kind: 'cut' },
  });
  await writer().apply([put('a', R1), put('b', R2)], NEVER);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R1, b: R2 });
  expect(waits).toHaveLength(1);
});

test('a batch that is too large for the server goes in halves', async () => {
  const action = { kind: 'fail', status: 500, errorNum: 32, message: 'resource limit exceeded' } as const;
  target.embedded.control.addFault({ method: 'POST', path: /\/_api\/document\//, count: 2, action });
  await writer().apply([put('a', R1), put('b', R2), put('d', R3), put('e', R4)], NEVER);
  expect(await target.count('c')).toBe(4);
});

test('a collection that is gone is told as such', async () => {
  const gone = writer();
  await target.deployment.front.json({ method: 'DELETE', path: '/_api/collection/c' });
  await expect(gone.apply([put('a', R1)], NEVER)).rejects.toThrow(TargetChanged);
});

test('S17: a late write for a collection misses the one that was made anew under its name', async () => {
  const late = writer();
  await target.deployment.front.json({ method: 'DELETE', path: '/_api/collection/c' });
  await target.createCollection('c');
  await expect(late.apply([put('a', R1)], NEVER)).rejects.toThrow(TargetChanged);
  expect(await target.count('c')).toBe(0);
});

test('a refused document fails the shard, naming database, collection, shard, key, number and what to do', async () => {
  await target.deployment.front.json({ method: 'DELETE', path: '/_api/collection/c' });
  collectionId = await target.createCollection('c', { type: 3 });
  const good = put('good', R1, { _from: 'v/1', _to: 'v/2' });
  const failing = writer().apply([good, put('bad', R2)], NEVER);
  await expect(failing).rejects.toThrow(ShardFailed);
  await expect(failing).rejects.toThrow(/_system\/c\[0\].*"bad".*1233.*reset the shard/);
});

test('exact removals spare a document that has another revision by now', async () => {
  const one = writer();
  await one.apply([put('a', R3), put('b', R2)], NEVER);
  await one.removeExactly([remove('a', R1), remove('b', R2), remove('x', R4)], NEVER);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R3 });
});

test('a collection that is not sharded by key removes exactly, and in order', async () => {
  const one = writer({ shardedByKey: false });
  await one.apply([put('a', R2), remove('a', R1), put('b', R3), remove('b', R3)], NEVER);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R2 });
});

test('S13: documents that exchange unique values find their place in the source order', async () => {
  await target.createIndex('c', { type: 'persistent', fields: ['x'], unique: true });
  const one = writer({ uniqueIndexes: true });
  await one.apply([put('a', R1, { x: 1 }), put('b', R2, { x: 2 })], NEVER);
  await one.apply([remove('a', R1), put('b', R3, { x: 1 }), put('a', R4, { x: 2 })], NEVER);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R4, b: R3 });
  expect(one.deferred.size).toBe(0);
});

test('S13: a replay over a later state holds documents back until their values are free', async () => {
  await target.createIndex('c', { type: 'persistent', fields: ['x'], unique: true });
  const one = writer({ uniqueIndexes: true });
  // State after all operations: a has 2, b has 1. The replay begins when it was the other way round.
  await one.apply([put('a', R4, { x: 2 }), put('b', R5, { x: 1 })], NEVER);
  await one.apply([put('a', R1, { x: 1 })], NEVER);
  expect(one.deferred.size).toBe(1);
  await one.apply([put('b', R2, { x: 2 })], NEVER);
  await one.apply([put('a', R3, { x: 3 }), put('b', R5, { x: 1 }), put('a', R4, { x: 2 })], NEVER);
  expect(one.deferred.size).toBe(0);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R4, b: R5 });
});

test('S13: what is held back is bounded in bytes, and the shard fails naming the key', async () => {
  await target.createIndex('c', { type: 'persistent', fields: ['x'], unique: true });
  await target.restore('c', [Buffer.from(put('other', R1, { x: 1 }).bytes).toString()]);
  const one = writer({ uniqueIndexes: true }, { deferredBytes: 50 });
  await expect(one.apply([put('a', R2, { x: 1 })], NEVER)).rejects.toThrow(
    /unique index.*1210.*"a".*unique indexes of both/,
  );
});

test('the wait for a target ends with the signal', async () => {
  fault(503, 1478, 1_000_000);
  const ending = new AbortController();
  const applying = writer().apply([put('a', R1)], ending.signal);
  ending.abort(new Error('enough'));
  await expect(applying).rejects.toThrow('enough');
});
