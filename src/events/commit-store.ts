import type { Commit } from './log.ts';

/**
 * Where commits lie, one document each, keyed by position: the little that the log needs of a database. Adapters:
 * `events/memory-store.ts`, `adapters/arangodb/event-log.ts`. All safety is in {@link ChainedLog} above it.
 *
 * Every call throws `LogUnavailable` when the store cannot be reached or refuses.
 */
export interface CommitStore {
  /**
   * Puts a commit at its position, if nothing is there, durably. `unknown`: the connection broke, time ran out, or the
   * server did not decide; it may be there, may come later, or never.
   */
  insert(commit: Commit, signal?: AbortSignal): Promise<'inserted' | 'taken' | 'unknown'>;
  /** What lies at positions, in their order, undefined where nothing does; without the store's own attributes. */
  get(positions: readonly number[], signal?: AbortSignal): Promise<StoredCommits>;
  /** Another one whenever something else lies at the position, without reading it; undefined when nothing does. */
  revisionAt(position: number, signal?: AbortSignal): Promise<string | undefined>;
  /** How many commits there are at all, also those that no gapless read reaches. */
  count(signal?: AbortSignal): Promise<number>;
  /**
   * Says where the log begins, if that still has this revision; false when it has another one, or nobody knows. So what
   * arrives late takes nothing back.
   */
  setStart(start: LogStart, revision: string | undefined, signal?: AbortSignal): Promise<boolean>;
  /** Removes commits in the given order; what is absent already is no error. */
  remove(positions: readonly number[], signal?: AbortSignal): Promise<void>;
}

/** Where a log begins. Both are 1 until something was archived. */
export interface LogStart {
  /** Position of the first commit that is kept. */
  readonly first: number;
  /** Lowest position that may still be stored: below `first` while the removal of archived commits has not ended. */
  readonly oldest: number;
}

export interface StoredCommits {
  readonly start: LogStart;
  /** Of {@link start} as it is stored; undefined while it never was. */
  readonly startRevision: string | undefined;
  readonly commits: readonly unknown[];
  /** Size of what was read. */
  readonly bytes: number;
}
