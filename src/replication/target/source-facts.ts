import { z } from 'zod';

/** What the target keeps of a collection of its source: none of it changes as long as the collection lives. */
export const SourceFacts = z.object({
  /** The source's deployment. */
  deployment: z.string(),
  /** globallyUniqueId of the collection. */
  collection: z.string(),
  sharding: z.object({ shards: z.number(), keys: z.array(z.string()).readonly(), strategy: z.string() }),
  /** No two documents of a shard can have the same revision: it is the key of their storage. */
  hasUniqueRevisions: z.boolean(),
  /** It keeps trees over them. */
  hasTrees: z.boolean(),
});
export type SourceFacts = z.infer<typeof SourceFacts>;

/** Whether a shard, by the `cuid` in its server's log, is of the collection (reference 3.2). */
export function isShardOf(cuid: string, { collection }: Pick<SourceFacts, 'collection'>): boolean {
  return collection.endsWith('/') ? cuid.startsWith(collection) : cuid === collection;
}
