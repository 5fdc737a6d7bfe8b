import { z } from 'zod';
import { KeptLog, PauseInfo } from './kept-log.ts';
import { Selection } from './selection.ts';
import { SyncStatus } from './shards.ts';
import { ThrottleInfo } from './throttle.ts';
import { Time } from './time.ts';
import { VerificationInfo } from './verification-info.ts';
import { StructureNote } from './worker.ts';

/** How one shard fares. Unknown times and an unknown delay are left out, never zero. */
export const ShardSyncInfo = z.object({
  database: z.string(),
  collection: z.string(),
  shardIndex: z.number().int().default(0),
  status: SyncStatus,
  status_message: z.string().optional(),
  /** Nanoseconds. */
  delay: z.number().int().meta({ format: 'int64' }).optional(),
  /** Ours: estimate of the source's log, in bytes, between what is applied and its end. */
  log_behind_bytes: z.number().int().meta({ format: 'int64' }).optional(),
  /** Ours: whether the source keeps the log that the shard may have to come back to; told by the source's end, and while paused. */
  log_kept: KeptLog.optional(),
  last_message: Time.optional(),
  last_data_change: Time.optional(),
  last_shard_master_change: Time.optional(),
  shard_master_known: z.boolean().optional(),
  in_sync: z.boolean().optional(),
  /** Ours: how the shard got where it is, and why that way was taken. */
  way: z.enum(['none', 'tail', 'copy', 'difference']).optional(),
  way_reason: z.string().optional(),
  /** Ours: revisions tell nothing here, since both sides have other shards or one has no trees; absent: they do. */
  compared_by: z.literal('content').optional(),
  /** Ours: documents that were copied or fetched that way, and how many there are to be, where that is known. */
  documents_moved: z.number().int().meta({ format: 'int64' }).optional(),
  documents_expected: z.number().int().meta({ format: 'int64' }).optional(),
  /** Ours: while documents are moved that way. What is not known is left out. */
  copy: z
    .object({
      bytes: z.number().int().meta({ format: 'int64' }),
      documents_per_second: z.number().int().optional(),
      bytes_per_second: z.number().int().meta({ format: 'int64' }).optional(),
      remaining_seconds: z.number().int().optional(),
    })
    .optional(),
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

/** How the copies of all shards go on together, as the workers tell it. */
export const InitialCopy = z.object({
  /** Shards that were copied or caught up with by difference, are, or wait to be. */
  shards: z.number().int(),
  shards_done: z.number().int(),
  shards_copying: z.number().int(),
  documents_copied: z.number().int().meta({ format: 'int64' }),
  /** Of those of which it is known; all there is when `documents_expected_complete`. */
  documents_expected: z.number().int().meta({ format: 'int64' }),
  documents_expected_complete: z.boolean(),
  /** Of shards that are being copied. */
  bytes_copied: z.number().int().meta({ format: 'int64' }),
  documents_per_second: z.number().int(),
  bytes_per_second: z.number().int().meta({ format: 'int64' }),
  /** Left out while nobody can say. */
  remaining_seconds: z.number().int().optional(),
});
export type InitialCopy = z.infer<typeof InitialCopy>;

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
  /** Ours: while some shard is copied or waits to be. */
  initial_copy: InitialCopy.optional(),
  /** Ours: the limits of this datacenter, while there is one. */
  throttle: ThrottleInfo.optional(),
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
  /** Ours: what is replicated; absent: everything. */
  selection: Selection.optional(),
  /** Ours: what was replicated when the last synchronization stopped, where that was not everything. */
  last_selection: Selection.optional(),
  /** Ours: what is on purpose other than on the source. */
  notes: z.array(StructureNote).optional(),
  /** Ours: the target keeps its own user `root` (`--cluster.exclude-root-user`); all others are the source's. */
  keeps_root: z.boolean().optional(),
  /** Ours: drops that wait for an operator, `database/collection`. */
  heldDrops: z.array(z.string()).optional(),
  /** Ours: how this target compares with its source. */
  verification: VerificationInfo.optional(),
});
export type SyncInfo = z.infer<typeof SyncInfo>;
