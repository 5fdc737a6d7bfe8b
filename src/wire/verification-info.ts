import { z } from 'zod';
import { DocumentDifference } from './comparisons.ts';
import { Time } from './time.ts';

/** How this target compares with its source, as far as it was looked at. */
export const VerificationInfo = z.object({
  /** The last time that every shard was compared without anybody asking; absent before the first. */
  last_pass: z
    .object({
      started_at: Time,
      ended_at: Time,
      /** What documents hold was compared as well. */
      deep: z.boolean(),
      shards: z.number().int(),
      different: z.number().int(),
      /** Could not be compared. */
      unknown: z.number().int(),
      unknown_because: z.string().optional(),
    })
    .optional(),
  /** A pass that is under way. */
  running: z.object({ started_at: Time, compared: z.number().int(), shards: z.number().int() }).optional(),
  /** Shards that were found to differ, and neither repaired nor found equal since. */
  different_count: z.number().int(),
  /** The first of them. */
  different: z.array(
    z.object({
      database: z.string(),
      collection: z.string(),
      shardIndex: z.number().int(),
      found_at: Time,
      found_by: z.enum(['check', 'verification', 'barrier']),
      detail: z.string(),
      documents: z.array(DocumentDifference).optional(),
    }),
  ),
});
export type VerificationInfo = z.infer<typeof VerificationInfo>;
