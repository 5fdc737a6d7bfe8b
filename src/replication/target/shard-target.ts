/** Where the documents of one shard go on the target. */
export interface ShardTarget {
  readonly database: string;
  /** Name on the target. */
  readonly collection: string;
  readonly collectionId: string;
  /** What stands in paths: the id where servers take it, so that a late write misses a collection made anew (S17). */
  readonly address: string;
  readonly shardIndex: number;
  /** `s10061`; the collection's name on a single server. */
  readonly shardName: string;
  /** Id of the DB-Server that leads the shard. */
  readonly leader: string;
  /** Shards are chosen by `_key` alone: a key lives in one shard. */
  readonly shardedByKey: boolean;
  /** There is a unique index beside the primary one: the order of operations on different keys matters. */
  readonly uniqueIndexes: boolean;
  /** The server keeps documents in the order of their revisions, and trees over them (reference 3.2). */
  readonly revisionOrder: boolean;
}

/** `database/collection[index]`, for messages. */
export function shardLabel(target: Pick<ShardTarget, 'database' | 'collection' | 'shardIndex'>): string {
  return `${target.database}/${target.collection}[${target.shardIndex}]`;
}
