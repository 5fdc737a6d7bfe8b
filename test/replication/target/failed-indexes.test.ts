import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Inventory } from '../../../src/replication/inventory.ts';
import { StructureAligner } from '../../../src/replication/target/align-structure.ts';
import { CheckpointRounds } from '../../../src/replication/target/checkpoint-rounds.ts';
import { CheckpointStore } from '../../../src/replication/target/checkpoint-store.ts';
import { ServerWatch } from '../../../src/replication/target/server-watch.ts';
import { FollowedCollections } from '../../../src/replication/target/structure-memory.ts';
import { TestTarget, testEnvironment } from './harness.ts';
import { documentLine, REVISIONS } from './operations.ts';

const NEVER = new AbortController().signal;
const RULES = () => ({ confirmedDrops: new Set<string>() });
const UNIQUE = { type: 'persistent', name: 'x', fields: ['x'], unique: true };
const [R1, R2] = REVISIONS;

let target: TestTarget;
let nowMs = 0;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
});
afterAll(() => target.stop());
afterEach(() => target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' }));

const inventory: Inventory = {
  deploymentId: 'source',
  kind: 'single',
  version: '3.12.4',
  takenAt: '2026-01-01T00:00:00Z',
  complete: true,
  databases: [
    {
      name: '_system',
      id: '1',
      collections: [
        {
          name: 'c',
          targetName: 'c',
          id: '7',
          globallyUniqueId: 'c7/',
          parameters: { type: 2, isSystem: false },
          indexes: [UNIQUE],
          shards: [{ index: 0, name: 'c', cuid: 'c7/' }],
        },
      ],
      excluded: [],
    },
  ],
};

async function aligner(): Promise<StructureAligner> {
  const store = new CheckpointStore(target.deployment.front);
  await store.prepare(1, NEVER);
  const followed = new FollowedCollections(store, 'epoch');
  const environment = { ...testEnvironment(), now: () => nowMs };
  return new StructureAligner({
    deployment: target.deployment,
    followed,
    store,
    rounds: new CheckpointRounds(store, new ServerWatch(target.deployment, environment.now), 'engine'),
    environment,
    onDoubt: async () => undefined,
    excludeRoot: () => false,
    epoch: 'epoch',
    sourceDeployment: 'source',
  });
}

/** Two documents under which the index cannot be made: the target is on its way from one state to the next. */
async function inBetween(): Promise<StructureAligner> {
  await target.createCollection('c');
  await target.restore('c', [documentLine('a', R1, { x: 1 }), documentLine('b', R2, { x: 1 })]);
  return aligner();
}

test('S13: an index that cannot be made is told as a problem, and its collection is followed all the same', async () => {
  const one = await inBetween();
  const { report, again } = await one.align(inventory, RULES, NEVER);
  expect(report.problems).toEqual([
    { database: '_system', collection: 'c', reason: expect.stringMatching(/not created index x.*1210/) },
  ]);
  expect(report.shards).toHaveLength(1);
  expect(again).toBeUndefined();
});

test('S13: it is tried again behind longer and longer pauses, and told in between', async () => {
  const one = await inBetween();
  const made: number[] = [];
  target.embedded.control.addFault({
    method: 'POST',
    path: /\/_api\/index/,
    action: { kind: 'fail', status: 409, errorNum: 1210, message: 'unique constraint violated' },
  });
  const attempts = () => target.embedded.control.faults()[0]?.hits ?? 0;
  for (nowMs = 0; nowMs < 600_000; nowMs += 1_000) {
    if (nowMs > 0 && !one.isDue(nowMs)) continue;
    const { report } = await one.align(inventory, RULES, NEVER);
    expect(report.problems).toHaveLength(1);
    made.push(nowMs / 1_000);
  }
  expect(made).toEqual([0, 2, 6, 14, 30, 62, 126, 254, 510]);
  expect(attempts()).toBe(made.length);
  // Another inventory that comes meanwhile does not make it be tried.
  const { report } = await one.align(inventory, RULES, NEVER);
  expect(report.problems).toHaveLength(1);
  expect(attempts()).toBe(made.length);
  target.embedded.control.clearFaults();
});

test('S13: it is made once its collection was caught up with', async () => {
  nowMs = 0;
  const one = await inBetween();
  await one.align(inventory, RULES, NEVER);
  await target.deployment.front.json({ method: 'DELETE', path: '/_api/document/c', body: ['b'] });
  expect(one.isDue(nowMs)).toBe(false);
  one.caughtUp('_system', 'another');
  expect(one.isDue(nowMs)).toBe(false);
  one.caughtUp('_system', 'c');
  expect(one.isDue(nowMs)).toBe(true);
  const { report } = await one.align(inventory, RULES, NEVER);
  expect(report).toMatchObject({ problems: [], changes: ['created index x on _system/c'] });
  expect(one.isDue(nowMs)).toBe(false);
});
