import { z } from 'zod';
import { listOf, Name } from './parts.ts';

/** A master claims to lead: its term is above every term in the log and every term it has met (S18). */
export const LeadershipClaimed = z.strictObject({ term: z.int().positive(), masterId: Name, endpoint: Name });

/** The leader stops leading of its own accord, so that the next one need not wait for its lease. */
export const LeadershipResigned = z.strictObject({ term: z.int().positive(), masterId: Name });

export const MasterRegistered = z.strictObject({
  masterId: Name,
  /** How its own datacenter reaches it. */
  endpoint: Name,
  /** How the other datacenter reaches the masters through it. */
  publicEndpoints: listOf(Name),
  /** Ids of the keys of master secrets that it accepts; absent in older versions. */
  sealIds: listOf(Name).exactOptional(),
});
export const MasterLeft = z.strictObject({ masterId: Name, reason: z.string() });

export const WorkerRegistered = z.strictObject({
  workerId: Name,
  endpoint: Name,
  hostId: Name.exactOptional(),
  /** The DB-Server whose shards it should rather send. */
  dbServerAffinity: Name.exactOptional(),
  /** Where workers of the other datacenter may dial it directly. */
  publicEndpoint: Name.exactOptional(),
  /** Never 0, never given twice. */
  serverId: z.int().positive(),
});
/** A worker is about to end: it gets no more tasks, and those that it has go to others. */
export const WorkerDraining = z.strictObject({ workerId: Name, reason: z.string() });
export const WorkerLeft = z.strictObject({ workerId: Name, reason: z.string() });

/** The masters run with these bounds for what they make on the target; an absent one does not bound. */
export const ReplicationFactorBounded = z.strictObject({
  min: z.int().positive().exactOptional(),
  max: z.int().positive().exactOptional(),
});

/** How long a shard may be without a message before it is suspected. */
export const MessageTimeoutSet = z.strictObject({ messageTimeoutMs: z.int().positive() });
/** Whether this deployment keeps its own user `root` while it follows a source: the leader's `--cluster.exclude-root-user`. */
export const RootUserExclusionSet = z.strictObject({ excluded: z.boolean() });
