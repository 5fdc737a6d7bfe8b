import { z } from 'zod';
import { Actor } from '../events/actor.ts';

/** Events that one answer lists at most. */
export const EVENTS_PAGE_MAX = 1_000;
/** Commits that one answer exports at most. */
export const COMMITS_PAGE_MAX = 1_000;

/** One event with what its commit says of it. `data` is as it lies in the log, in version `v`. */
export const ListedEvent = z.object({
  /** Position of its commit. */
  position: z.int().positive(),
  id: z.string(),
  type: z.string(),
  v: z.int(),
  at: z.string(),
  term: z.int(),
  /** Id of the master that wrote it. */
  writer: z.string(),
  cause: z.string(),
  /** Who gave the command; absent when it was the master's own doing. */
  actor: Actor.exactOptional(),
  data: z.unknown(),
});
export type ListedEvent = z.infer<typeof ListedEvent>;

/** Where a log begins and ends. */
export const LogExtent = z.object({
  /** Position of the first commit that is kept. */
  first: z.int().positive(),
  /** Position of the newest commit; 0 when there is none. */
  last: z.int().nonnegative(),
});

/** Answer of `GET /_api/events`: events in the order of the log. */
export const EventPage = z.object({
  events: z.array(ListedEvent),
  /** Go on from here: `after` (or `before`, for the newest first) of the next call. */
  next: z.int().nonnegative(),
  /** Nothing is left in that direction for now. */
  done: z.boolean(),
  log: LogExtent,
});
export type EventPage = z.infer<typeof EventPage>;

/** A commit exactly as it is stored, and the answer of `GET /_api/events/commit/{position}`. */
export const StoredCommit = z.record(z.string(), z.unknown());

/** Answer of `GET /_api/events/commits`: commits exactly as they are stored, for a file that can be verified. */
export const CommitPage = z.object({
  commits: z.array(StoredCommit),
  next: z.int().nonnegative(),
  done: z.boolean(),
  log: LogExtent,
});
export type CommitPage = z.infer<typeof CommitPage>;

/** A place in the log as people name it: a position, or the newest commit at or before a time. */
export const ReplayedState = z.object({
  projection: z.string(),
  position: z.int().nonnegative(),
  /** Time of that commit; `''` for position 0. */
  at: z.string(),
  /** The projection as it was; maps are objects. */
  state: z.unknown(),
});

export const StateChange = z.object({
  op: z.enum(['add', 'remove', 'replace']),
  /** JSON pointer (RFC 6901). */
  path: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

/** Answer of `GET /_api/events/replay`. */
export const ReplayAnswer = z.union([
  ReplayedState,
  z.object({
    projection: z.string(),
    from: z.object({ position: z.int().nonnegative(), at: z.string() }),
    to: z.object({ position: z.int().nonnegative(), at: z.string() }),
    changes: z.array(StateChange),
  }),
]);
export type ReplayAnswer = z.infer<typeof ReplayAnswer>;

export const VerifyFinding = z.object({
  position: z.int(),
  /** What kind of check found it. */
  check: z.enum(['chain', 'vocabulary', 'invariant', 'snapshot', 'archive', 'replay']),
  /** Name of the problem or of the broken rule. */
  problem: z.string(),
  detail: z.string(),
});
export type VerifyFinding = z.infer<typeof VerifyFinding>;

/** One line of the answer of `POST /_api/events/verify`; `result` is the last, and there is none when it broke off. */
export const VerifyLine = z.discriminatedUnion('line', [
  z.object({ line: z.literal('progress'), position: z.int(), last: z.int() }),
  z.object({ line: z.literal('finding'), finding: VerifyFinding }),
  z.object({
    line: z.literal('result'),
    commits: z.int(),
    events: z.int(),
    /** First and last position that was read. */
    first: z.int(),
    last: z.int(),
    findings: z.int(),
    /** Findings that were counted, but not told one by one. */
    untold: z.int(),
    /** What was held against what, in words. */
    checked: z.array(z.string()),
  }),
]);
export type VerifyLine = z.infer<typeof VerifyLine>;
