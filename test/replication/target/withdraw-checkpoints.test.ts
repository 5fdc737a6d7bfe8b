import { afterAll, beforeAll, expect, test } from 'vitest';
import { blankDocument, type ShardDocument, shardKey } from '../../../src/replication/target/checkpoint-documents.ts';
import { CheckpointRounds } from '../../../src/replication/target/checkpoint-rounds.ts';
import { CheckpointStore } from '../../../src/replication/target/checkpoint-store.ts';
import { ServerWatch } from '../../../src/replication/target/server-watch.ts';
import { withdrawCheckpoints } from '../../../src/replication/target/withdraw-checkpoints.ts';
import { TestTarget } from './harness.ts';

const WHY = 'it was not selected for a while';
const signal = new AbortController().signal;

let target: TestTarget;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
  await new CheckpointStore(target.deployment.front).prepare(1, signal);
});
afterAll(() => target.stop());

function engine(name: string) {
  const store = new CheckpointStore(target.deployment.front);
  const rounds = new CheckpointRounds(store, new ServerWatch(target.deployment, Date.now), name);
  return { store, rounds, epoch: 'epoch-1' };
}

function stored(shardIndex: number, more: Partial<ShardDocument> = {}): ShardDocument {
  const ref = { database: 'd', collection: 'c', shardIndex };
  const scope = { epoch: 'epoch-1', sourceDeployment: 'A' };
  return { ...blankDocument(ref, { collectionId: '7' }, scope), owner: 'before', tick: '5', ...more };
}

const key = (shardIndex: number) => shardKey('7', shardIndex);

test('S3: positions are withdrawn, whoever wrote them, and nothing is remembered of them', async () => {
  const ours = engine('ours');
  await ours.store.put([stored(0, { floor: 'f' }), stored(1), stored(2, { epoch: 'epoch-0' })], signal);
  await withdrawCheckpoints(ours, [key(0), key(1), key(2), key(3)], WHY);
  const now = await Promise.all([0, 1, 2, 3].map((index) => ours.store.shard(key(index))));
  expect(now[0]).toMatchObject({ tick: '5', copyBecause: WHY, owner: 'ours' });
  expect(now[0]).not.toHaveProperty('floor');
  expect(now[1]).toMatchObject({ copyBecause: WHY });
  // It means nothing but where the epoch before ended.
  expect(now[2]).toMatchObject({ owner: 'before', epoch: 'epoch-0' });
  expect(now[2]).not.toHaveProperty('copyBecause');
  expect(now[3]).toBeUndefined();
  // Else what others write there would be taken for withdrawn when the shard comes to this engine.
  expect(ours.rounds.stored(key(0))).toBeUndefined();
});

test('S3: an engine that goes on writing a position learns that it is withdrawn', async () => {
  const [ours, late] = [engine('ours'), engine('late')];
  await ours.store.put([stored(4, { owner: 'late' })], signal);
  await late.store.shard(key(4));
  await withdrawCheckpoints(ours, [key(4)], WHY);
  expect(await late.store.save(stored(4, { owner: 'late', tick: '9' }))).toEqual({ kind: 'superseded' });
  expect(await ours.store.shard(key(4))).toMatchObject({ tick: '5', copyBecause: WHY });
});

test('it fails, and says of what, while somebody else writes the position each time', async () => {
  const [ours, other] = [engine('ours'), engine('other')];
  await ours.store.put([stored(5)], signal);
  const write = async () => void (await other.store.put([stored(5, { owner: 'other' })], signal));
  const racing = {
    ...ours,
    rounds: {
      markForOthers: async (document: ShardDocument, why: string) => {
        await write();
        await ours.rounds.markForOthers(document, why);
      },
    } as CheckpointRounds,
  };
  await expect(withdrawCheckpoints(racing, [key(5)], WHY)).rejects.toThrow(
    `checkpoint ${key(5)} could not be withdrawn`,
  );
});
