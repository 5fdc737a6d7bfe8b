import { z } from 'zod';
import { listOf, Name } from './parts.ts';

/** Up to where a target has durably applied one DB-Server's log; `serverId` is the number under which its ticks are given. */
export const LogPosition = z.strictObject({ dbServer: Name, serverId: Name, tick: Name });
export type LogPosition = z.infer<typeof LogPosition>;

/** Nothing is fetched or applied until an operator resumes; positions stay. */
export const SyncPaused = z.strictObject({
  /** How long the source is asked to keep its log for it. */
  keepLogMs: z.int().nonnegative(),
});
export const SyncResumed = z.strictObject({});

/** A target of ours has paused: our log is kept for it from these positions on, for a limited time. */
export const OutgoingPaused = z.strictObject({
  targetId: Name,
  positions: listOf(LogPosition),
  keepLogMs: z.int().nonnegative(),
  /** Position in the target's log when it asked. */
  asOf: z.int().nonnegative().exactOptional(),
});
/** The log is no longer kept for a target that has paused: what it lacks is compared or copied when it comes back (S7). */
export const OutgoingLogReleased = z.strictObject({ targetId: Name, reason: z.string() });
export const OutgoingResumed = z.strictObject({ targetId: Name, asOf: z.int().nonnegative().exactOptional() });
