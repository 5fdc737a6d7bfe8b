import { describe, expect, test } from 'vitest';
import { CopyOver } from '../../../src/replication/target/copy-over.ts';
import { ReopenStream, ShardFailed } from '../../../src/replication/target/failures.ts';
import type { Operation } from '../../../src/replication/target/lines.ts';
import { shardTarget } from './a-target.ts';
import { put } from './operations.ts';

const TARGET = shardTarget();
const NEVER = new AbortController().signal;

function over(chunks: readonly (readonly Operation[])[]): CopyOver {
  const rest = [...chunks];
  return new CopyOver(TARGET, { next: async () => rest.shift() });
}

async function surplus(copy: CopyOver, documents: readonly Operation[]): Promise<string[]> {
  const found: string[] = [];
  for await (const piece of copy.surplusUpTo(documents, NEVER)) found.push(...piece.map(label));
  return found;
}

function label({ key, revision }: Operation): string {
  return `${key}@${revision}`;
}

/** Revisions in order: `-` < `A` < `Z` < `_` would be wrong by text, these are right by value. */
const [R1, R2, R3, R4] = ['_kEJrpFq---', '_kEJrpFq--_', '_kEJrpFq--A', '_kEJrpFq--a'] as const;

describe('a copy over a shard', () => {
  test('finds what only the target has, before the documents of the source up to there are written', async () => {
    const copy = over([
      [put('x', R1), put('a', R2)],
      [put('y', R3), put('z', R4)],
    ]);
    expect(await surplus(copy, [put('a', R2)])).toEqual([`x@${R1}`]);
    expect(await surplus(copy, [put('b', R3)])).toEqual([`y@${R3}`]);
    expect((await copy.nextSurplus(NEVER))?.map(label)).toEqual([`z@${R4}`]);
    expect(await copy.nextSurplus(NEVER)).toBeUndefined();
  });

  test('compares revisions by value, not by text', async () => {
    // As texts "_kEJrpFq--A" < "_kEJrpFq--_"; as revisions it is the other way round.
    const copy = over([[put('a', R2), put('b', R3)]]);
    expect(await surplus(copy, [put('a', R2), put('b', R3)])).toEqual([]);
    expect(await copy.nextSurplus(NEVER)).toBeUndefined();
  });

  test('takes an equal revision under another key for surplus: two documents must not share it', async () => {
    const copy = over([[put('x', R2)]]);
    expect(await surplus(copy, [put('a', R2)])).toEqual([`x@${R2}`]);
  });

  test('removes all of the shard when the source is empty', async () => {
    const copy = over([[put('x', R1)], [put('y', R2)]]);
    expect(await surplus(copy, [])).toEqual([]);
    expect((await copy.nextSurplus(NEVER))?.map(label)).toEqual([`x@${R1}`]);
    expect((await copy.nextSurplus(NEVER))?.map(label)).toEqual([`y@${R2}`]);
    expect(await copy.nextSurplus(NEVER)).toBeUndefined();
  });

  test('gives a large surplus in pieces', async () => {
    const many = Array.from({ length: 4_500 }, (_, index) => put(`k${index}`, R1));
    const copy = over([many]);
    const sizes: number[] = [];
    for await (const piece of copy.surplusUpTo([put('a', R2)], NEVER)) sizes.push(piece.length);
    expect(sizes).toEqual([2_000, 2_000, 500]);
  });

  test('asks for another copy when the source is out of order, and fails when the target is', async () => {
    await expect(surplus(over([[put('x', R4)]]), [put('b', R3), put('a', R2)])).rejects.toThrow(ReopenStream);
    await expect(surplus(over([[put('x', R3), put('y', R2)]]), [put('a', R4)])).rejects.toThrow(ShardFailed);
  });
});
