import type { StructureReport } from '../../wire/worker.ts';
import type { Inventory } from '../inventory.ts';
import { isReplicatedIndex, sameIndex } from './index-difference.ts';
import { nameOf } from './pair-collections.ts';
import type { IndexOf, Pair, Step } from './structure-steps.ts';
import { unkeptOfIndex, unkeptReason } from './unkept.ts';

/** An index that the source does not have, or has with another definition; only a complete inventory says so. */
export function indexDrops(source: Inventory, pair: Pair): Step[] {
  if (!source.complete || pair.target === undefined) return [];
  return pair.target.indexes
    .filter((index) => isReplicatedIndex(index) && !pair.source.indexes.some((wanted) => sameIndex(wanted, index)))
    .map((index) => ({ kind: 'drop-index', ...nameOf(pair), index: index.name }));
}

/** `id`: of the target's collection, undefined for one that is to be made. */
export function missingIndexes(pair: Pair, anew: boolean): readonly (IndexOf & { readonly id: string | undefined })[] {
  const target = anew ? undefined : pair.target;
  const stored = target?.indexes ?? [];
  return pair.source.indexes
    .filter((index) => isReplicatedIndex(index) && !stored.some((known) => sameIndex(index, known)))
    .map((index) => ({ ...nameOf(pair), index, id: target?.id }));
}

/** What the target's version does not know of a collection's indexes. */
export function unkeptIndexes(pair: Pair): StructureReport['problems'] {
  const { source, target: stored } = pair;
  if (stored === undefined) return [];
  const name = nameOf(pair);
  return source.indexes.flatMap((index) => {
    const there = stored.indexes.find((known) => sameIndex(index, known));
    const unkept = there === undefined ? [] : unkeptOfIndex(index, there);
    return unkept.length === 0 ? [] : [{ ...name, reason: unkeptReason(`index ${index.name}`, unkept) }];
  });
}
