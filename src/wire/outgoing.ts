import { z } from 'zod';
import { PositiveNanoseconds } from './durations.ts';
import { Endpoint } from './endpoint.ts';
import { KeptLog, WirePause } from './kept-log.ts';
import { Selection } from './selection.ts';
import { Channels, ShardRef } from './shards.ts';

/** Where a log stands, as one datacenter tells it to the other (S1, S22). */
export const WireHead = z.object({ position: z.number().int().nonnegative(), hash: z.string() });
export type WireHead = z.infer<typeof WireHead>;

/** `POST /_api/sync/outgoing`: a target registers at its source, or renews under the same id. */
export const OutgoingRegistration = z.object({
  /** Deployment id of the target. */
  id: z.string().min(1),
  /** The target's masters. */
  target: Endpoint,
  channels: z.object({ inventory: z.string().min(1) }),
  /** Queue token that the target holds: lets a new client certificate take the registration over (S23). */
  token: z.string().optional(),
  /** Head of the source's log that the target remembers; absent at the first contact. */
  remembered: WireHead.optional(),
  /** Head of the target's own log. */
  head: WireHead.optional(),
  /** `targetHead` of an earlier answer, which the target's log was seen to contain. */
  contains: WireHead.optional(),
  /** Position of the target's own log: tells late calls from newer ones. */
  asOf: z.number().int().nonnegative().optional(),
  /** Number of the target's synchronization, above those of before: one that has ended here does not register again. */
  epoch: z.number().int().positive().optional(),
  /** The target has paused; absent while it goes on. */
  paused: WirePause.optional(),
  /** Epoch of the source's barrier that the target knows of, null for none: a call that lands late may have set another one. */
  barrier: z.string().nullable().optional(),
});
export type OutgoingRegistration = z.infer<typeof OutgoingRegistration>;

/** `POST /_api/sync/outgoing/{id}/heartbeat`: as the registration, but does not register again. */
export const OutgoingHeartbeat = OutgoingRegistration.omit({ id: true });
export type OutgoingHeartbeat = z.infer<typeof OutgoingHeartbeat>;

/** A source's barrier for one target (S8). */
export const WireBarrier = z.object({
  epoch: z.string(),
  /** Ends of the source's logs, once every server refused writes; absent before. */
  ticks: z.array(z.object({ dbServer: z.string(), serverId: z.string(), tick: z.string() })).optional(),
  /** What it waits for while it is not established. */
  waitsFor: z.string().optional(),
});
export type WireBarrier = z.infer<typeof WireBarrier>;

/** What a source tells a target at every contact. */
export const OutgoingContact = z.object({
  deploymentId: z.string(),
  /** Version of the source's ArangoDB. */
  version: z.string(),
  head: WireHead,
  /** False when the source does not know the target (any more): an operator there aborted it, or the source is another. */
  registered: z.boolean(),
  /** Whether the source's log still contains the head that the target remembers; true when none was sent. */
  containsRemembered: z.boolean(),
  /** The source's masters, usable from outside its datacenter. */
  endpoints: Endpoint,
  /** Direct-queue token, bound to the target's id; empty for a target that is not registered. */
  token: z.string(),
  'token-ttl': PositiveNanoseconds,
  /** The token that the target sent ends before its time: it has to take this one. */
  tokenEnds: z.boolean().optional(),
  /** Highest `asOf` or `epoch` that the source has seen of the target: none is beyond the target's log unless it lost its end. */
  seen: z.number().int().nonnegative().optional(),
  /** A head that the target told: its log contains it unless it lost its end, however far it has grown since. */
  targetHead: WireHead.optional(),
  /** Version of the shard list that the source has, as the target named it; absent before the first. */
  shardsVersion: z.string().optional(),
  /** Absent while there is none. */
  barrier: WireBarrier.optional(),
  /** The log that is kept for the target while it has paused; absent while it has not. */
  keptLog: KeptLog.optional(),
  /** Servers of the source that cannot be followed, each with its name and the reason; absent for none. */
  unfit: z.array(z.string()).optional(),
  /** Deployments that the source follows itself, its own source first: nobody of them may follow us. */
  follows: z.array(z.string()).optional(),
  /** Set when the source followed the one that asks, and has only this part of it. */
  partOfYours: Selection.optional(),
});
export type OutgoingContact = z.infer<typeof OutgoingContact>;

/** `PUT /_api/sync/outgoing/{id}/shards`: the whole list of shards that the target receives. */
export const OutgoingShards = z.object({
  /** Named by the target; comes back in every contact once the list is recorded. */
  version: z.string().min(1),
  shards: z.array(z.object({ shard: ShardRef, channels: Channels })),
});
export type OutgoingShards = z.infer<typeof OutgoingShards>;
