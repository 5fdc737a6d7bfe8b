import { z } from 'zod';

/** Answer of `GET /_api/sync/barrier`. */
export const BarrierInfo = z.object({
  in_sync_shards: z.number().int().nonnegative().optional(),
  not_in_sync_shards: z.number().int().nonnegative().optional(),
  /** Spelt so by the original. */
  SourceServerReadonly: z.boolean(),
  /** Ours: what is waited for, for people. */
  message: z.string().optional(),
});
export type BarrierInfo = z.infer<typeof BarrierInfo>;
