import type { Sharding } from '../sharding.ts';
import type { SourceFacts } from './source-facts.ts';

/** Where the documents of one shard go on the target. */
export interface ShardTarget {
  readonly database: string;
  /** Name on the target. */
  readonly collection: string;
  readonly collectionId: string;
  /** What stands in paths: the id where servers take it, so that a late write misses a collection made anew (S17). */
  readonly address: string;
  /** Of the source's shard. */
  readonly shardIndex: number;
  /** `s10061`; the collection's name on a single server. The first of {@link shards}. */
  readonly shardName: string;
  /** Id of the DB-Server that leads the shard. */
  readonly leader: string;
  /** All into which documents of the source's shard go: the one with its index, or, not 1:1, any. */
  readonly shards: readonly { readonly name: string; readonly leader: string }[];
  /** Shard i here holds what shard i of the source does, and nothing else. */
  readonly isOneToOne: boolean;
  /** Shards are chosen by `_key` alone: a key lives in one shard. */
  readonly shardedByKey: boolean;
  /** There is a unique index beside the primary one: the order of operations on different keys matters. */
  readonly uniqueIndexes: boolean;
  /** Documents keep their `_rev`; otherwise the target gives them new ones, and those of the source mean nothing here. */
  readonly keepsRevisions: boolean;
  /** Both sides keep them in the order of equal revisions, and trees over them (reference 3.2): or keys and content count. */
  readonly revisionOrder: boolean;
  /**
   * Not 1:1, and at the source a document may move from shard to shard, since they are not told by `_key` alone: what one
   * stream says of a key another one may know better ({@link settleKeys}).
   */
  readonly mayMove: boolean;
  /** Nothing but what this epoch brought can be in the collection: it was made under it, by us. */
  readonly isBlank: boolean;
  readonly sharding: Sharding;
  /** What is other than usual, for people; `''` when nothing is. */
  readonly note: string;
  /** What the source's collection is made like, as far as that is known: {@link isShardOf} the shard that is sent. */
  readonly source: SourceFacts | undefined;
}

/** `database/collection[index]`, for messages. */
export function shardLabel(target: Pick<ShardTarget, 'database' | 'collection' | 'shardIndex'>): string {
  return `${target.database}/${target.collection}[${target.shardIndex}]`;
}

/**
 * How a shard has to be caught up with for which the log does not serve: by its revisions as far as they prove anything,
 * by its contents, or, with nothing of it there, without a look.
 */
export function isByContent(target: ShardTarget, isBegun: boolean): boolean {
  return !target.revisionOrder && (isBegun || !target.isBlank || target.mayMove);
}

/** The servers that hold what is written: all of them have to be durable before a checkpoint is (S6). */
export function leadersOf({ shards }: Pick<ShardTarget, 'shards'>): readonly string[] {
  return [...new Set(shards.map(({ leader }) => leader))];
}
