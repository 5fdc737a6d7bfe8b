import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { TARGET_LIMITS, type TargetLimits } from '../../../src/replication/target/environment.ts';
import { ShardFailed, TargetChanged } from '../../../src/replication/target/failures.ts';
import { Gate } from '../../../src/replication/target/gate.ts';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import { ShardWriter } from '../../../src/replication/target/shard-writer.ts';
import { Throttle } from '../../../src/replication/throttle/throttle.ts';
import { shardTarget } from './a-target.ts';
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
  const place = { database: '_system', collectionId, address: collectionId, shardName: 'c', leader: 'single' };
  const shard = shardTarget({ ...place, ...more });
  return new ShardWriter({
    deployment: target.deployment,
    target: shard,
    gate: new Gate(2),
    held: { bytes: 0 },
    throttle: new Throttle(testEnvironment()),
    urgency: () => 'log',
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

test('a removal that tells a revision of its own instead of the removed one removes what is older, and spares what is newer', async () => {
  const one = writer({ shardedByKey: false });
  await one.apply([put('old', R1), put('new', R4)], NEVER);
  await one.apply([remove('old', R3), remove('new', R3), remove('absent', R3)], NEVER);
  expect(await target.revisions('c', ['old', 'new'])).toEqual({ new: R4 });
});

test('a removal that does not tell what it removed concerns what this very shard holds', async () => {
  const one = writer({ shardedByKey: false });
  await one.apply([put('a', R1), put('b', R2)], NEVER);
  const removals: unknown[] = [];
  const { front } = target.deployment;
  const request = front.request.bind(front);
  vi.spyOn(front, 'request').mockImplementation(async (sent) => {
    if (sent.method === 'DELETE') removals.push(JSON.parse(String(sent.body)));
    return request(sent);
  });
  await one.apply([remove('a'), remove('absent')], NEVER);
  vi.restoreAllMocks();
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ b: R2 });
  expect(removals).toEqual([[{ _key: 'a', _rev: R1 }]]);
});

test('S13: where keys are in several shards, what stands under a held key goes exactly', async () => {
  await target.createIndex('c', { type: 'persistent', fields: ['x'], unique: true });
  const one = writer({ uniqueIndexes: true, shardedByKey: false });
  await one.apply([put('a', R1, { x: 1 }), put('b', R2, { x: 2 })], NEVER);
  await one.apply([put('a', R3, { x: 2 })], NEVER);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ b: R2 });
  await one.apply([put('b', R4, { x: 1 })], NEVER);
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R3, b: R4 });
});

test('of a bulk in which the memory ends, what is left goes in smaller pieces and in order', async () => {
  const { front } = target.deployment;
  const request = front.request.bind(front);
  const sizes: number[] = [];
  // After an error 32 all later items of a bulk fail with it (reference 4.3).
  vi.spyOn(front, 'request').mockImplementation(async (sent) => {
    if (sent.method !== 'POST' || !sent.path.includes('/_api/document/')) return request(sent);
    const items = JSON.parse(Buffer.from(sent.body as Uint8Array).toString()) as object[];
    if (sent.query?.silent === true) sizes.push(items.length);
    const { body, ...answer } = await request({ ...sent, body: items.slice(0, 2) });
    const taken = JSON.parse(body.toString() || '[]') as object[];
    const rest = items.slice(2).map(() => ({ error: true, errorNum: 32, errorMessage: 'resource limit exceeded' }));
    return { ...answer, body: Buffer.from(JSON.stringify([...(Array.isArray(taken) ? taken : []), ...rest])) };
  });
  const keys = Array.from({ length: 9 }, (_, index) => `k${index}`);
  await writer({ uniqueIndexes: true }).apply(
    keys.map((key, index) => put(key, `_kEJrpF${'ABCDEFGHI'.charAt(index)}---`)),
    NEVER,
  );
  vi.restoreAllMocks();
  expect(await target.count('c')).toBe(9);
  expect(sizes[0]).toBe(9);
  expect(Math.max(...sizes.slice(1))).toBeLessThan(5);
});

test.each([
  ['text that a newer server refuses', 400, 600, /"a".*600.*invalid UTF-8.*validate-utf8-strings/],
  ['an attribute name that it refuses', 400, 1220, /"a".*1220.*invalid UTF-8/],
  ['a document that is too large', 400, 1216, /"a".*1216.*make it smaller/],
])('%s (%i/%i) fails the shard, naming the document and what to do', async (_, status, errorNum, message) => {
  fault(status, errorNum, 100);
  const failing = writer().apply([put('a', R1), put('b', R2), put('d', R3)], NEVER);
  await expect(failing).rejects.toThrow(ShardFailed);
  await expect(failing).rejects.toThrow(message);
  expect(waits).toEqual([]);
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
  await expect(one.apply([put('a', R2, { x: 1 })], NEVER)).rejects.toThrow(/unique index.*"a".*1210.*unique indexes/);
});

test('the wait for a target ends with the signal', async () => {
  fault(503, 1478, 1_000_000);
  const ending = new AbortController();
  const applying = writer().apply([put('a', R1)], ending.signal);
  ending.abort(new Error('enough'));
  await expect(applying).rejects.toThrow('enough');
});

test('S13: what fills a gap waits where a unique index refuses it, and nothing makes room for it', async () => {
  await target.createIndex('c', { type: 'persistent', fields: ['x'], unique: true });
  const one = writer({ uniqueIndexes: true });
  await one.apply([put('b', R1, { x: 1 })], NEVER);
  await one.insertAbsent([put('a', R2, { x: 1 }), put('d', R3, { x: 2 }), put('b', R4, { x: 3 })], NEVER);
  expect(one.deferred.holds('a')).toBe(true);
  expect(await target.revisions('c', ['a', 'b', 'd'])).toEqual({ b: R1, d: R3 });
  // Another stream comes first.
  await writer({ uniqueIndexes: true }).apply([put('a', R5, { x: 5 }), remove('b')], NEVER);
  await one.retryDeferred(NEVER);
  expect(one.deferred.size).toBe(0);
  expect(await target.revisions('c', ['a', 'b', 'd'])).toEqual({ a: R5, d: R3 });
});
