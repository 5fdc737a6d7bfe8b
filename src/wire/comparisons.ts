import { z } from 'zod';
import { ShardRef } from './shards.ts';

/** What a worker is to hold against the source: a shard, in a way by which what only moves is not called different, or the structure. */
export const ComparisonRequest = z.object({
  /** Names this request: of another one nothing is known. */
  id: z.string(),
  /** Of the shard's receive task; without a shard of the task that receives the inventory. */
  taskId: z.string(),
  /** Absent: all that is no document of a shard is compared, structure and users. */
  shard: ShardRef.optional(),
  /** What the documents hold, and not their revisions alone. */
  deep: z.boolean(),
  /** Catch the shard up when it differs, and compare it once more. */
  repair: z.boolean(),
});
export type ComparisonRequest = z.infer<typeof ComparisonRequest>;

/** A document in which two shards differ. `content`: under an equal revision it holds something else. */
export const DocumentDifference = z.object({
  key: z.string(),
  difference: z.enum(['missing', 'surplus', 'altered', 'content']),
});
export type DocumentDifference = z.infer<typeof DocumentDifference>;

/** By which way a shard was repaired, and what that moved. */
export const Repair = z.object({
  way: z.enum(['tail', 'copy', 'difference']),
  documentsFetched: z.number().int().nonnegative(),
  documentsRemoved: z.number().int().nonnegative(),
});
export type Repair = z.infer<typeof Repair>;

/** Something of the structure, or a user, that is not as on the source. Never says more of a user than names. */
export const StructureDifference = z.object({
  database: z.string(),
  /** A collection, view or analyzer; `''`: the database itself. */
  collection: z.string(),
  detail: z.string(),
});
export type StructureDifference = z.infer<typeof StructureDifference>;

/** How a request fares. Only `equal`, `different` and `untold` are its end. */
export const ComparisonResult = z.object({
  id: z.string(),
  taskId: z.string(),
  state: z.enum(['comparing', 'repairing', 'equal', 'different', 'untold']),
  /** What it waits for, or why it cannot be told. */
  reason: z.string().optional(),
  /** Documents of the shard on both sides, at the place where they were compared last. */
  counts: z.object({ source: z.number().int(), target: z.number().int() }).optional(),
  /** Of contents: documents of the source that were compared so far. */
  compared: z.number().int().nonnegative().optional(),
  /** By key and content: documents of the target of which it was looked whether the source has them. */
  swept: z.number().int().nonnegative().optional(),
  /** Of contents: documents that differ; the first of them by name. */
  documents: z.array(DocumentDifference).optional(),
  documentsDiffering: z.number().int().nonnegative().optional(),
  /** Without a shard: what differs, or, where the end is `equal`, what did and was repaired. */
  structure: z.array(StructureDifference).optional(),
  /** It was different; what came of the repair. */
  repaired: Repair.optional(),
  /** Trees tell nothing of it: it is compared by key and content. */
  byContent: z.boolean().optional(),
});
export type ComparisonResult = z.infer<typeof ComparisonResult>;

/** `POST /_api/worker/{id}/comparisons`: what the worker found out; `after` is the version of the requests that it has. */
export const ComparisonReport = z.object({ after: z.string().optional(), results: z.array(ComparisonResult) });
export type ComparisonReport = z.infer<typeof ComparisonReport>;

/** Its answer: all that the worker is to compare now. Level, not edge; a request that is not listed is over. */
export const Comparisons = z.object({ version: z.string(), requests: z.array(ComparisonRequest) });
export type Comparisons = z.infer<typeof Comparisons>;
