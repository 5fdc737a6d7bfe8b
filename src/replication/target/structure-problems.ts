import type { SourceCollection } from '../inventory.ts';
import type { TargetCollection } from './read-structure.ts';

type Parameters = Readonly<Record<string, unknown>>;

const DEFAULT_SHARD_KEYS = ['_key'];

/** How a collection is cut into shards. A single server has one shard, cut by nothing: any strategy says the same. */
export interface Sharding {
  readonly shards: number;
  readonly keys: readonly string[];
  readonly strategy: string;
}

export function shardingOf(parameters: Parameters, shards: number): Sharding {
  const keys: unknown = parameters.shardKeys;
  const strategy: unknown = parameters.shardingStrategy;
  return {
    shards,
    keys: Array.isArray(keys) ? keys.map(String) : DEFAULT_SHARD_KEYS,
    strategy: typeof strategy === 'string' && strategy !== '' ? strategy : 'hash',
  };
}

/**
 * Why the shards of two collections are not 1:1, or undefined when they are: only then may revisions be kept (reference
 * 4.4). One shard on both sides holds everything, whatever it was cut by.
 */
export function shardingDifference(source: Sharding, target: Sharding): string | undefined {
  if (source.shards === 1 && target.shards === 1) return undefined;
  const equal =
    source.shards === target.shards && source.keys.join() === target.keys.join() && source.strategy === target.strategy;
  return equal ? undefined : `the source has ${describeSharding(source)}, the target ${describeSharding(target)}`;
}

export function describeSharding({ shards, keys, strategy }: Sharding): string {
  return `${shards} ${shards === 1 ? 'shard' : 'shards'} by [${keys.join(', ')}] (${strategy})`;
}

/** What cannot be changed on a collection that is there: it has to be made anew. Undefined when nothing differs. */
export function lastingDifference(source: SourceCollection, target: TargetCollection): string | undefined {
  if (source.parameters.type !== target.type) {
    return `the source has ${kindOf(source.parameters.type)}, the target ${kindOf(target.type)}`;
  }
  return shardingDifference(
    shardingOf(source.parameters, source.shards.length),
    shardingOf(target.parameters, target.shards.length),
  );
}

function kindOf(type: number): string {
  return type === 3 ? 'an edge collection' : 'a document collection';
}

/** Why a collection of the source cannot be on this target at all, whatever is there; undefined when it can. */
export function impossibleOn(kind: 'single' | 'cluster', source: SourceCollection): string | undefined {
  const shards = source.shards.length;
  if (shards === 0) return 'the source tells no shards of it';
  if (kind === 'single' && shards > 1) {
    const sharding = describeSharding(shardingOf(source.parameters, shards));
    return `the source has ${sharding}, the target is a single server, which has 1 shard: replicate into a cluster`;
  }
  if (source.parameters.isSmart === true && source.parameters.type === 3) {
    return 'edge collections of smart graphs are not replicated';
  }
  return undefined;
}
