import { expect, test } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { headOf } from '../../src/events/chain.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { MemoryCommitStore } from '../../src/events/memory-store.ts';
import { appendAll, draftOf } from '../events/event-log-suite.ts';

const START = { position: 0, hash: '' };

function logOver(store: MemoryCommitStore) {
  return openMemoryLog(commitHasher(['secret']), store);
}

test('S10: an append is not acted on when its predecessor is another commit than it was decided from', async () => {
  const store = new MemoryCommitStore();
  const frozen = logOver(store);
  const [, second] = await appendAll(frozen, ['a', 'b']);
  if (second === undefined) throw new Error('no second commit');
  await store.remove([2]);
  await appendAll(logOver(store), ['another b']);
  await expect(frozen.append(headOf(second), draftOf('c'))).rejects.toThrow('position 2: swapped');
});

test('S11: a reader stops at the first missing commit, and shows nothing behind it', async () => {
  const store = new MemoryCommitStore();
  await appendAll(logOver(store), ['a', 'b', 'c', 'd']);
  await store.remove([3]);
  const commits = await logOver(store).read(START, 10);
  expect(commits.map(({ cause }) => cause)).toEqual(['a', 'b']);
  expect((await logOver(store).head()).position).toBe(2);
});
