import type { Actor } from './actor.ts';
import type { Event } from './vocabulary.ts';

export { LogArchivedPast, LogCorrupt, LogUnavailable } from './log-errors.ts';

/** Where the log stands: the position of its newest commit and that commit's hash. Position 0 and hash `''` is the empty log. */
export interface Head {
  readonly position: number;
  readonly hash: string;
}

/** What a writer hands in; the log adds position, `prev` and `hash`. */
export interface CommitDraft {
  /** Leadership term under which the writer acts; 0 before the first claim. */
  readonly term: number;
  /** Id of the master that writes. */
  readonly writer: string;
  /** RFC 3339 time at the writer. Informative only: order is the position. */
  readonly at: string;
  /** What led to it: a command's name with its caller, or a reconciler's name. */
  readonly cause: string;
  /** Who gave the command, and from where; absent when it was this master's own doing. Read it by `actorOf`. */
  readonly actor?: Actor;
  readonly events: readonly Event[];
}

/** One atomic append: one document, one position, one or more events. Events carry the id given at append. */
export interface Commit extends CommitDraft {
  /** Version of the envelope; absent on commits of version 1, which knew no actor. */
  readonly v?: 2;
  readonly position: number;
  readonly prev: string;
  readonly hash: string;
}

/**
 * How an append ended. `conflict` is an ordinary outcome: another writer took the position first, read on from
 * your head and decide again. Lost infrastructure is an exception ({@link LogUnavailable}), and so is a log whose
 * predecessor is missing or does not hash to `prev` ({@link LogCorrupt}).
 */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly commit: Commit }
  | { readonly kind: 'conflict'; readonly head: Head };

/**
 * The port of the event log. Adapters: `adapters/arangodb/event-log.ts`, `events/memory-log.ts`; both pass
 * `test/events/event-log-suite.ts`.
 *
 * Positions are gapless from 1 (or from the state commit that archiving left as the first). A reader stops at the
 * first missing position, even when later ones exist.
 */
export interface EventLog {
  /** The newest commit that a gapless read reaches. */
  head(signal?: AbortSignal): Promise<Head>;
  /** Commits behind `after`, in order, at most `limit`; `[]` when there is nothing (yet). Verifies the chain. */
  read(after: Head, limit: number, signal?: AbortSignal): Promise<readonly Commit[]>;
  /**
   * Appends behind `expected`. Settles an unknown outcome (timeout, torn connection) by inserting the identical
   * commit again until the database says which it was; never reports `conflict` for its own commit.
   */
  append(expected: Head, draft: CommitDraft, signal?: AbortSignal): Promise<AppendOutcome>;
}

/** A log that can be entered at any position, counted and archived: {@link ChainedLog}. */
export interface KeptLog extends EventLog {
  /**
   * The head that the commit at a position is; `{position: 0, hash: ''}` for 0. Throws `LogArchivedPast` for what was
   * archived, and `LogCorrupt` where nothing is or what is there does not match its hash.
   */
  headAt(position: number, signal?: AbortSignal): Promise<Head>;
  /** Position of the first commit that is kept: 1 until something was archived. */
  first(signal?: AbortSignal): Promise<number>;
  /** Commits there are, also those that no gapless read reaches. */
  count(signal?: AbortSignal): Promise<number>;
  /** Lets go of all commits before `position`, which must hold a `LogArchived`. */
  archiveBefore(position: number, signal?: AbortSignal): Promise<void>;
}
