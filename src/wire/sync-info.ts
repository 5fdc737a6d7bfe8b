import { z } from 'zod';
import { PauseInfo } from './kept-log.ts';
import { SyncStatus } from './shards.ts';
import { Time } from './time.ts';

/** How one shard fares. Unknown times and an unknown delay are left out, never zero. */
export const ShardSyncInfo = z.object({
  database: z.string(),
  collection: z.string(),
  shardIndex: z.number().int().default(0),
  status: SyncStatus,
  status_message: z.string().optional(),
  /** Nanoseconds. */
  delay: z.number().int().meta({ format: 'int64' }).optional(),
  last_message: Time.optional(),
  last_data_change: Time.optional(),
  last_shard_master_change: Time.optional(),
  shard_master_known: z.boolean().optional(),
  in_sync: z.boolean().optional(),
  /** Ours: how the shard got where it is, and why that way was taken. */
  way: z.enum(['none', 'tail', 'copy', 'difference']).optional(),
  way_reason: z.string().optional(),
  /** Ours: documents that were copied or fetched that way, and how many there are to be, where that is known. */
  documents_moved: z.number().int().meta({ format: 'int64' }).optional(),
  documents_expected: z.number().int().meta({ format: 'int64' }).optional(),
  /** Ours: bytes that were applied since the worker took the shard. */
  bytes_applied: z.number().int().meta({ format: 'int64' }).optional(),
});
export type ShardSyncInfo = z.infer<typeof ShardSyncInfo>;

export const OutgoingSyncInfo = z.object({
  /** Deployment id of the target. */
  id: z.string(),
  endpoint: z.array(z.string()),
  status: SyncStatus,
  shards: z.array(ShardSyncInfo).optional(),
  shardsCount: z.number().int().optional(),
  active_barrier: z.boolean().optional(),
  /** Ours: the target has paused. */
  paused: PauseInfo.optional(),
});
export type OutgoingSyncInfo = z.infer<typeof OutgoingSyncInfo>;

/** Answer of `GET /_api/sync`. */
export const SyncInfo = z.object({
  source: z.array(z.string()),
  status: SyncStatus,
  /** Ours: why the whole synchronization is `failed`, or what it waits for. */
  status_message: z.string().optional(),
  /** Left out with `details=short`. */
  shards: z.array(ShardSyncInfo).optional(),
  /** Shards that have a task. */
  shardsCount: z.number().int().optional(),
  /** Leader shards of the source that are not excluded. */
  totalShardsCount: z.number().int().optional(),
  outgoing: z.array(OutgoingSyncInfo).optional(),
  cancellationAborted: z.boolean().optional(),
  /** Ours: nothing is fetched or applied until an operator resumes. */
  paused: PauseInfo.optional(),
  /** Ours: what is not known of this target since it was made writable by force. */
  stop_warnings: z.array(z.string()).optional(),
  /** Ours: an operator wished this deployment read-only, e.g. until it is the target of a reversal. */
  held_read_only: z.boolean().optional(),
  /** Ours: deployment id of the target that stopped in sync, since which this one is held read-only, to follow it. */
  held_for: z.string().optional(),
  /** Ours: somebody made this deployment writable while it was held for a reversal, which is refused now; what to do. */
  hold_broken: z.string().optional(),
  /** Ours: collections that cannot be replicated, each with the reason. */
  problems: z.array(z.object({ database: z.string(), collection: z.string(), reason: z.string() })).optional(),
  /** Ours: drops that wait for an operator, `database/collection`. */
  heldDrops: z.array(z.string()).optional(),
});
export type SyncInfo = z.infer<typeof SyncInfo>;
