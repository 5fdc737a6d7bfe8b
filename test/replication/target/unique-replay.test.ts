import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeRevision } from '../../../src/replication/revision.ts';
import { TARGET_LIMITS } from '../../../src/replication/target/environment.ts';
import { Gate } from '../../../src/replication/target/gate.ts';
import type { Operation } from '../../../src/replication/target/lines.ts';
import { ShardWriter } from '../../../src/replication/target/shard-writer.ts';
import { Throttle } from '../../../src/replication/throttle/throttle.ts';
import { shardTarget } from './a-target.ts';
import { TestTarget, testEnvironment } from './harness.ts';
import { put, remove } from './operations.ts';

const NEVER = new AbortController().signal;
const KEYS = ['a', 'b', 'c', 'd'];

let target: TestTarget;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
});
afterAll(() => target.stop());

/** At the source a document comes to have a value, if no other one has it, or is removed. */
const change = fc.record({
  key: fc.constantFrom(...KEYS),
  x: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 5 }),
});

const history = fc.record({
  changes: fc.array(change, { minLength: 2, maxLength: 20 }),
  /** Where the checkpoint was when the worker died, as a part of the history. */
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  batches: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 20 }),
  isSharded: fc.boolean(),
  /** Writes of the replay whose answers are lost: what was done is done again. */
  lost: fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 3 }),
});

const revision = (number: number) => encodeRevision((1_700_000_000_000n + BigInt(number)) << 20n);

function operationsOf(changes: readonly { readonly key: string; readonly x: number | undefined }[]): {
  readonly operations: Operation[];
  readonly end: Record<string, string>;
} {
  const stored = new Map<string, { readonly x: number; readonly rev: string }>();
  const operations: Operation[] = [];
  for (const [number, { key, x }] of changes.entries()) {
    const rev = revision(number);
    if (x === undefined) {
      const before = stored.get(key);
      if (before === undefined) continue;
      operations.push(remove(key, before.rev));
      stored.delete(key);
    } else if (![...stored].some(([other, value]) => other !== key && value.x === x)) {
      operations.push(put(key, rev, { x }));
      stored.set(key, { x, rev });
    }
  }
  return { operations, end: Object.fromEntries([...stored].map(([key, { rev }]) => [key, rev])) };
}

function writer(collectionId: string, isSharded: boolean): ShardWriter {
  const shard = shardTarget({
    ...{ database: '_system', collectionId, address: collectionId, shardName: 'c', leader: 'single' },
    ...{ shardedByKey: isSharded, uniqueIndexes: true },
  });
  const environment = testEnvironment();
  const shared = { gate: new Gate(2), held: { bytes: 0 }, throttle: new Throttle(environment), limits: TARGET_LIMITS };
  const options = { ...shared, urgency: () => 'log' as const, environment };
  const told = { onWait: () => {}, onDoubt: async () => {} };
  return new ShardWriter({ deployment: target.deployment, target: shard, ...options, ...told });
}

test('S13: a replay over any later state ends where the source is, with nothing held back', async () => {
  await fc.assert(
    fc
      .asyncProperty(history, async ({ changes, from, batches, isSharded, lost }) => {
        const id = await target.createCollection('c');
        await target.createIndex('c', { type: 'persistent', fields: ['x'], unique: true });
        const { operations, end } = operationsOf(changes);
        await writer(id, isSharded).apply(operations, NEVER);
        expect(await target.revisions('c', KEYS)).toEqual(end);
        for (const skip of lost) {
          const path = /_api\/document\/\d+\?/;
          target.embedded.control.addFault({ path, skip, count: 1, when: 'after', action: { kind: 'cut' } });
        }
        const again = writer(id, isSharded);
        let at = Math.floor(from * operations.length);
        for (let turn = 0; at < operations.length; turn += 1) {
          const count = batches[turn % batches.length] ?? 1;
          await again.apply(operations.slice(at, at + count), NEVER);
          at += count;
        }
        expect(again.deferred.operations.map(({ key }) => key)).toEqual([]);
        expect(await target.revisions('c', KEYS)).toEqual(end);
      })
      .afterEach(async () => {
        target.embedded.control.clearFaults();
        await target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' });
      }),
    { numRuns: 150, seed: 11 },
  );
}, 120_000);
