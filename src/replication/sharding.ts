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

/** Whether a key can stand in one place only. */
export function isCutByKey({ shards, keys }: Sharding): boolean {
  return shards === 1 || keys.join() === '_key';
}
