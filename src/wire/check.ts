import { z } from 'zod';
import { DocumentDifference } from './comparisons.ts';
import { PositiveNanoseconds } from './durations.ts';

/** `POST /_api/sync/check`: holds shards of this target against the source, at places where both sides are as far. */
export const CheckRequest = z.object({
  database: z.string().min(1).optional(),
  /** Goes with `database`. */
  collection: z.string().min(1).optional(),
  /** Go on behind this shard, as a progress line named it: `database/collection/index`. */
  after: z.string().min(1).optional(),
  /** Compare what documents hold, and not their revisions alone. */
  deep: z.boolean().optional(),
  /** Catch shards up that differ, and compare them once more. */
  repair: z.boolean().optional(),
  /** For how long a shard may give no news before it counts as unknown. */
  timeout: PositiveNanoseconds.optional(),
});
export type CheckRequest = z.infer<typeof CheckRequest>;

/** Something that is not equal, or was not. Without a shard index it is the whole collection, without a collection the database. */
export const CheckFinding = z.object({
  database: z.string(),
  collection: z.string(),
  shardIndex: z.number().int().nonnegative().optional(),
  result: z.enum(['different', 'unknown', 'repaired']),
  detail: z.string(),
  /** Where contents were compared: documents that differ; the first of them by name. */
  documents: z.array(DocumentDifference).optional(),
  documentsDiffering: z.number().int().nonnegative().optional(),
  /** Trees tell nothing of it: it is compared by key and content. */
  byContent: z.boolean().optional(),
});
export type CheckFinding = z.infer<typeof CheckFinding>;

export const CheckCounts = z.object({
  /** To be compared. */
  shards: z.number().int().nonnegative(),
  compared: z.number().int().nonnegative(),
  equal: z.number().int().nonnegative(),
  different: z.number().int().nonnegative(),
  unknown: z.number().int().nonnegative(),
  repaired: z.number().int().nonnegative(),
});
export type CheckCounts = z.infer<typeof CheckCounts>;

/** One line of the answer; `result` is the last, and there is none when it broke off. */
export const CheckLine = z.discriminatedUnion('line', [
  z.object({ line: z.literal('finding'), finding: CheckFinding }),
  z.object({
    line: z.literal('progress'),
    ...CheckCounts.shape,
    /** Documents that were looked into. */
    documents: z.number().int().nonnegative(),
    /** Everything up to this shard is told. */
    after: z.string().optional(),
  }),
  z.object({ line: z.literal('result'), ...CheckCounts.shape }),
]);
export type CheckLine = z.infer<typeof CheckLine>;
