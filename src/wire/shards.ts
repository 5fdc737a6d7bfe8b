import { z } from 'zod';

/** A shard's name everywhere between datacenters: the source's names and the index from 0. */
export const ShardRef = z.object({
  database: z.string().min(1),
  collection: z.string().min(1),
  shardIndex: z.number().int().nonnegative(),
});
export type ShardRef = z.infer<typeof ShardRef>;

export const SyncStatus = z.enum(['inactive', 'initializing', 'initial-sync', 'running', 'cancelling', 'failed']);
export type SyncStatus = z.infer<typeof SyncStatus>;

/** Data and control channel of a shard; the inventory has a data channel only. */
export const Channels = z.object({ data: z.string().min(1), control: z.string().optional() });
export type Channels = z.infer<typeof Channels>;
