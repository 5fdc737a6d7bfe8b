import { z } from 'zod';
import { AnalyzerDefinition, ViewDefinition } from './search-definitions.ts';
import { UserDocument } from './users/user-documents.ts';

/** One index as the server's inventory gives it; `id`, `objectId`, `selectivityEstimate` are not definition. */
export const IndexDefinition = z.looseObject({
  type: z.string(),
  name: z.string(),
  fields: z.array(z.unknown()),
  unique: z.boolean().optional(),
  sparse: z.boolean().optional(),
});

/** A shard of the source. On a single server a collection has one shard: its own name, index 0. */
export const SourceShard = z.object({
  index: z.number().int().nonnegative(),
  /** `s10061`, or the collection's name on a single server. */
  name: z.string(),
  /** Its globallyUniqueId on the server that holds it: the `cuid` of its markers. */
  cuid: z.string(),
  /** Id of the leading DB-Server; absent while none leads. */
  leader: z.string().optional(),
});

export const SourceCollection = z.object({
  name: z.string(),
  /** Name under which the target keeps it: another one only for `_queues` and `_jobs`. */
  targetName: z.string(),
  id: z.string(),
  globallyUniqueId: z.string(),
  /** `parameters` of the server's inventory as they came, without ids and shards. */
  parameters: z.looseObject({ type: z.number(), isSystem: z.boolean() }),
  indexes: z.array(IndexDefinition),
  shards: z.array(SourceShard),
});

export const SourceDatabase = z.object({
  name: z.string(),
  id: z.string(),
  sharding: z.string().optional(),
  replicationFactor: z.union([z.number(), z.string()]).optional(),
  writeConcern: z.number().optional(),
  collections: z.array(SourceCollection),
  /** Absent: not told. */
  analyzers: z.array(AnalyzerDefinition).optional(),
  views: z.array(ViewDefinition).optional(),
  /** What is there and is not replicated, with the reason. */
  excluded: z.array(z.object({ name: z.string(), reason: z.string() })),
});

/** The structure of a source at one moment, as the inventory channel carries it. */
export const Inventory = z.object({
  deploymentId: z.string(),
  kind: z.enum(['single', 'cluster']),
  version: z.string(),
  takenAt: z.string(),
  /** True when every database answered, asked as superuser: only then may anything be dropped (S1). */
  complete: z.boolean(),
  databases: z.array(SourceDatabase),
  /** Absent: not told. They hold hashes of passwords: an inventory must not be logged. */
  users: z.array(UserDocument).optional(),
  /** Why users are not told, or not all of them. */
  usersProblem: z.string().optional(),
});

export type IndexDefinition = z.infer<typeof IndexDefinition>;
export type SourceShard = z.infer<typeof SourceShard>;
export type SourceCollection = z.infer<typeof SourceCollection>;
export type SourceDatabase = z.infer<typeof SourceDatabase>;
export type Inventory = z.infer<typeof Inventory>;
