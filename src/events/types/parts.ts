import { z } from 'zod';

/** Text that names something: never empty. */
export const Name = z.string().min(1);

/** A list that nobody changes after it was read. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.array(item).readonly();
}

/** A shard by the source's names; the same shape as `wire/shards.ts`. */
export const ShardRef = z.strictObject({
  database: Name,
  collection: Name,
  shardIndex: z.int().nonnegative(),
});
export type ShardRef = z.infer<typeof ShardRef>;

/** One text for one shard, usable as a key of maps: names can hold any character, so each part is escaped. */
export function shardKey(shard: ShardRef): string {
  return `${escaped(shard.database)}/${escaped(shard.collection)}/${shard.shardIndex}`;
}

const NOTHING_TO_ESCAPE = /^[\w.-]*$/;

/** Most names need no escaping, and looking costs less than doing it. */
function escaped(name: string): string {
  return NOTHING_TO_ESCAPE.test(name) ? name : encodeURIComponent(name);
}

/** A data and a control channel for a shard; the inventory has a data channel only. */
export const Channels = z.strictObject({ data: Name, control: Name.exactOptional() });
export type Channels = z.infer<typeof Channels>;

/** A shard with the channels that join its two tasks. */
export const ShardWithChannels = z.strictObject({ shard: ShardRef, channels: Channels });
export type ShardWithChannels = z.infer<typeof ShardWithChannels>;

export const SyncStatus = z.enum(['inactive', 'initializing', 'initial-sync', 'running', 'cancelling', 'failed']);
export type SyncStatus = z.infer<typeof SyncStatus>;

/** How a shard got where it is: not yet opened, from the log, by copying, or by moving only what differs. */
export const Way = z.enum(['none', 'tail', 'copy', 'difference']);
export type Way = z.infer<typeof Way>;

/** Where a log stands; the same shape as `Head` of `events/log.ts`. */
export const LogHead = z.strictObject({ position: z.int().nonnegative(), hash: z.string() });

export const TaskType = z.enum(['send-inventory', 'receive-inventory', 'send-shard', 'receive-shard']);
export type TaskType = z.infer<typeof TaskType>;

export const ServerMode = z.enum(['default', 'readonly']);
export type ServerMode = z.infer<typeof ServerMode>;
