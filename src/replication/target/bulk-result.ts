import type { ItemFailure } from './bulk-request.ts';
import type { ErrorMeaning } from './error-meaning.ts';
import type { Operation } from './lines.ts';
import type { Run } from './runs.ts';

/** Meanings that time or a repetition settles. */
const WAITED_OUT = new Set<ErrorMeaning>(['contention', 'unavailable', 'not-writable', 'no-right']);
/** A removal that found nothing to remove has done its work. */
const DONE = new Set<ErrorMeaning>(['absent', 'replaced']);

export function isWaitedOut(meaning: ErrorMeaning): boolean {
  return WAITED_OUT.has(meaning);
}

/** What became of a run's operations. */
export interface BulkResult {
  readonly done: readonly Operation[];
  /** To be sent again, in this order. */
  readonly again: readonly Operation[];
  /** Refused by a unique index. */
  readonly unique: readonly Operation[];
  /** Part of `again`, but what is stored has to go first: its shard keys differ. */
  readonly moved: readonly Operation[];
  /** Removals about which the shards disagree. */
  readonly doubtful: readonly Operation[];
  /** The first failure that is waited out. */
  readonly pause: ItemFailure | undefined;
  /** The first failure that nothing settles, and its operation. */
  readonly refused: { readonly operation: Operation; readonly failure: ItemFailure } | undefined;
}

/**
 * Sorts a run's operations by what the bulk answered for each. In exact order everything from the first one that is
 * repeated goes again: what came behind it was written too early and must be written last.
 */
export function sortByFailure(run: Run, failures: readonly ItemFailure[], exactOrder: boolean): BulkResult {
  const failed = new Map(failures.map((failure) => [failure.index, failure]));
  const cut = exactOrder ? failures.find(({ meaning }) => isRepeated(meaning))?.index : undefined;
  const sorted = { done: [], again: [], unique: [], moved: [], doubtful: [] } as Record<Pile, Operation[]>;
  let pause: ItemFailure | undefined;
  let refused: BulkResult['refused'];
  for (const [index, operation] of run.operations.entries()) {
    const failure = failed.get(index);
    if (cut !== undefined && index > cut) {
      sorted.again.push(operation);
    } else if (failure === undefined || (run.kind === 'remove' && DONE.has(failure.meaning))) {
      sorted.done.push(operation);
    } else if (isRepeated(failure.meaning)) {
      sorted.again.push(operation);
      if (failure.meaning === 'shard-key') sorted.moved.push(operation);
      else pause ??= failure;
    } else if (failure.meaning === 'unique' && run.kind === 'put') {
      sorted.unique.push(operation);
    } else if (failure.meaning === 'routing' && run.kind === 'remove') {
      sorted.doubtful.push(operation);
    } else {
      refused ??= { operation, failure };
    }
  }
  return { ...sorted, pause, refused };
}

type Pile = 'done' | 'again' | 'unique' | 'moved' | 'doubtful';

function isRepeated(meaning: ErrorMeaning): boolean {
  return isWaitedOut(meaning) || meaning === 'shard-key';
}
