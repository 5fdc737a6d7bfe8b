import { z } from 'zod';
import { listOf, ShardRef } from './parts.ts';

/**
 * Writes to these shards of this target may land at any time until the quiet time is over: their outcome is unknown, or
 * who sent them is gone (S4). Many shards in one event.
 */
export const ShardsSuspected = z.strictObject({ shards: listOf(ShardRef), reason: z.string() });

/**
 * How a suspicion ended: trees were equal after the quiet time, or what differed was moved then, or all was copied, or there
 * is no such shard.
 */
export const Settlement = z.enum(['equal', 'repaired', 'copied', 'gone']);
export type Settlement = z.infer<typeof Settlement>;

/** What was doubtful of these shards has landed or never will, and is as it should be. */
export const SuspicionsSettled = z.strictObject({ shards: listOf(ShardRef), how: Settlement });
