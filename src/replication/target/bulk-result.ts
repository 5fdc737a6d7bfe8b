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
  /** Refused by a unique index, and the newest of their keys. */
  readonly unique: readonly Operation[];
  /** Part of `again`, but what is stored has to go first: its shard keys differ. */
  readonly moved: readonly Operation[];
  /** Removals about which the shards disagree. */
  readonly doubtful: readonly Operation[];
  /** Removals of a revision that the shard does not have: what it has may be newer, or the revision not the removed one. */
  readonly spared: readonly Operation[];
  /** `again` asks for more memory than the server has: in smaller pieces. */
  readonly isTooLarge: boolean;
  /** The first failure that is waited out. */
  readonly pause: ItemFailure | undefined;
  /** The first failure that nothing settles, and its operation. */
  readonly refused: { readonly operation: Operation; readonly failure: ItemFailure } | undefined;
}

const NOTHING_FAILED: Omit<BulkResult, 'done'> = {
  again: [],
  unique: [],
  moved: [],
  doubtful: [],
  spared: [],
  isTooLarge: false,
  pause: undefined,
  refused: undefined,
};

/**
 * Sorts a run's operations by what the bulk answered for each. In exact order everything from the first one that is
 * repeated goes again: what came behind it was written too early and must be written last.
 */
export function sortByFailure(run: Run, failures: readonly ItemFailure[], exactOrder: boolean): BulkResult {
  if (failures.length === 0) return { ...NOTHING_FAILED, done: run.operations };
  const failed = new Map(failures.map((failure) => [failure.index, failure]));
  const cut = exactOrder
    ? failures.find(({ meaning }) => isRepeated(meaning) || meaning === 'too-large')?.index
    : undefined;
  const sorted = { done: [], again: [], moved: [], doubtful: [], spared: [] } as Record<Pile, Operation[]>;
  const doneAt = new Map<string, number>();
  const refusedAt = new Map<Operation, number>();
  const isAlone = run.operations.length === 1;
  let isTooLarge = false;
  let pause: ItemFailure | undefined;
  let refused: BulkResult['refused'];
  for (const [index, operation] of run.operations.entries()) {
    const failure = failed.get(index);
    if (cut !== undefined && index > cut) {
      sorted.again.push(operation);
    } else if (failure === undefined || (run.kind === 'remove' && DONE.has(failure.meaning))) {
      sorted.done.push(operation);
      doneAt.set(operation.key, index);
      if (failure?.meaning === 'replaced' && run.cleanup === undefined) sorted.spared.push(operation);
    } else if (failure.meaning === 'too-large' && !isAlone) {
      sorted.again.push(operation);
      isTooLarge = true;
    } else if (isRepeated(failure.meaning)) {
      sorted.again.push(operation);
      if (failure.meaning === 'shard-key') sorted.moved.push(operation);
      else pause ??= failure;
    } else if (failure.meaning === 'unique' && run.kind === 'put') {
      refusedAt.set(operation, index);
    } else if (failure.meaning === 'routing' && run.kind === 'remove') {
      sorted.doubtful.push(operation);
    } else {
      refused ??= { operation, failure };
    }
  }
  // What a later operation on the key has replaced is of the past.
  const unique = [...refusedAt].flatMap(([operation, index]) =>
    index > (doneAt.get(operation.key) ?? -1) ? [operation] : [],
  );
  return { ...sorted, unique, isTooLarge, pause, refused };
}

type Pile = 'done' | 'again' | 'moved' | 'doubtful' | 'spared';

function isRepeated(meaning: ErrorMeaning): boolean {
  return isWaitedOut(meaning) || meaning === 'shard-key';
}
