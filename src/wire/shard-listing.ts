import { z } from 'zod';
import { Selection } from './selection.ts';

const ListedCollection = z.object({
  collection_id: z.string(),
  shards: z.record(z.string(), z.object({ ID: z.string() })),
});

const ListedDatabase = z.object({
  database_id: z.string(),
  collections: z.record(z.string(), ListedCollection),
  excluded_collections: z.record(z.string(), ListedCollection),
  /** Why it could not be listed; empty when it was. */
  error: z.string(),
  /** Ours: this datacenter does not have the database, the other one does. */
  missing: z.boolean().optional(),
});
export type ListedDatabase = z.infer<typeof ListedDatabase>;

/** Structure of one datacenter under the source's names: `_jobs` and `_queues` even where they are kept under others. */
export const ListedDatacenter = z.object({ id: z.string(), databases: z.record(z.string(), ListedDatabase) });
export type ListedDatacenter = z.infer<typeof ListedDatacenter>;

/** Answer of `GET /_api/sync/shards`, the source first. */
export const ShardListing = z.object({
  datacenters: z.array(ListedDatacenter),
  /** Ours: what is replicated, and listed among the collections; absent: everything. */
  selection: Selection.optional(),
});
export type ShardListing = z.infer<typeof ShardListing>;
