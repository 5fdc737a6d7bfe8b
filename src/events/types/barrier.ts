import { z } from 'zod';
import { listOf, Name, ServerMode } from './parts.ts';

/** A DB-Server's log up to a tick; `serverId` is the number under which its ticks are given. */
export const ServerTick = z.strictObject({ dbServer: Name, serverId: Name, tick: Name });
export type ServerTick = z.infer<typeof ServerTick>;

/** A target wants this source read-only until it has caught up (S8). */
export const BarrierSet = z.strictObject({ targetId: Name, epoch: Name });
/**
 * Every server refused writes, and these are the ends of their logs: what a target that has applied them is not behind. From
 * here on the barrier is of an epoch of its own, `establishedEpoch`: should the log lose this commit, and the source be
 * written, nobody can take what was in sync before for what has to be in sync then. Absent in old logs: it kept its epoch.
 */
export const BarrierEstablished = z.strictObject({
  targetId: Name,
  epoch: Name,
  ticks: listOf(ServerTick),
  establishedEpoch: Name.exactOptional(),
});
/** From here on the source may have been written: what was in sync under this epoch need not be any more. */
export const BarrierLifted = z.strictObject({ targetId: Name, epoch: Name, reason: z.string() });

/** At the target: an operator asked for the barrier that its source set under this epoch; the source's log has the rest. */
export const BarrierRequested = z.strictObject({ epoch: Name });
/** At the target: the barrier that was asked for is not wanted any more. */
export const BarrierWithdrawn = z.strictObject({ epoch: Name });

/**
 * This deployment was held read-only since a target stopped in sync behind a barrier, to follow that one (a reversal), and
 * was made writable by somebody else: from here on it may have writes that the target lacks (S8).
 */
export const HoldBroken = z.strictObject({ targetId: Name, barrierEpoch: Name, reason: z.string() });

/** An operator wishes this deployment read-only, or no longer, whatever else holds it (S9). */
export const ServerModeWished = z.strictObject({ mode: ServerMode });
/** Nothing holds this deployment read-only any more, and it was made writable. */
export const ServerModeRestored = z.strictObject({});
