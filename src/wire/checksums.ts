import { z } from 'zod';
import { Nanoseconds } from './durations.ts';
import { ShardRef } from './shards.ts';

/** Body of `GET …/checksum`. */
export const ChecksumOptions = z.object({ timeout: Nanoseconds.optional() });
export type ChecksumOptions = z.infer<typeof ChecksumOptions>;

/** `POST /_api/sync/checksums` on a target, `POST /_api/sync/outgoing/{id}/checksums` on its source. */
export const ChecksumsRequest = z.object({ shards: z.array(ShardRef), timeout: Nanoseconds.optional() });
export type ChecksumsRequest = z.infer<typeof ChecksumsRequest>;

/** One side's revision tree of a shard as `<count>:<hash>`, or why it has none. */
export const SideChecksum = z.union([
  z.object({ shard: ShardRef, checksum: z.string() }),
  z.object({ shard: ShardRef, error: z.string(), missing: z.boolean().optional() }),
]);
export type SideChecksum = z.infer<typeof SideChecksum>;
export const SideChecksums = z.object({ checksums: z.array(SideChecksum) });

/** Both sides of a shard, source first; a side that cannot answer makes it an error, never a shorter list. */
export const ShardChecksums = z.union([
  z.object({ shard: ShardRef, checksums: z.tuple([z.string(), z.string()]) }),
  z.object({
    shard: ShardRef,
    error: z.string(),
    missing: z.boolean().optional(),
    /** Trees tell nothing here: contents are compared whenever the shard is caught up with, and behind barriers. */
    by_content: z.boolean().optional(),
  }),
]);
export type ShardChecksums = z.infer<typeof ShardChecksums>;
export const ChecksumsAnswer = z.object({ results: z.array(ShardChecksums) });

/** Answer of `GET …/shard/{index}/checksum`. */
export const ChecksumTree = z.object({
  databases: z.record(
    z.string(),
    z.object({
      collections: z.record(
        z.string(),
        z.object({ shards: z.record(z.string(), z.array(z.object({ checksum: z.string() }))) }),
      ),
    }),
  ),
});
export type ChecksumTree = z.infer<typeof ChecksumTree>;
