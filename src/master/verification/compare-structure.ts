import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { CheckFinding } from '../../wire/check.ts';
import type { ListedDatacenter, ShardListing } from '../../wire/shard-listing.ts';

/**
 * What one side lacks altogether, and shards of the source that nobody follows: a comparison of the shards that are
 * received could see neither. `listing` is of the source and the target, in this order.
 */
export function differencesOf(
  { datacenters: [source, target] }: ShardListing,
  isFollowed: (key: string) => boolean,
): CheckFinding[] {
  if (source === undefined || target === undefined) throw new Error('both datacenters must be listed');
  const [here, there] = [shardsOf(source), shardsOf(target)];
  // What is followed need not have the same shards here: then it is compared by key and content.
  const followed = new Set([...here].filter(([key]) => isFollowed(key)).map(([, shard]) => collectionOf(shard)));
  const onTarget = new Set([...there.values()].map(collectionOf));
  return [
    ...[source, target].flatMap(databaseTroubles),
    ...[...here]
      .filter(([key, shard]) => !there.has(key) && !(isFollowed(key) && onTarget.has(collectionOf(shard))))
      .map(([, shard]) => different(shard, 'missing on the target')),
    ...[...there]
      .filter(([key, shard]) => !here.has(key) && !followed.has(collectionOf(shard)))
      .map(([, shard]) => different(shard, 'only on the target')),
    ...[...here]
      .filter(([key]) => there.has(key) && !isFollowed(key))
      .map(([, shard]) => different(shard, 'Shard is not turned on for synchronizing')),
  ];
}

/** A database that one side lacks, or could not list: its collections alone would not show it. */
function databaseTroubles({ databases }: ListedDatacenter): CheckFinding[] {
  return Object.entries(databases).flatMap(([database, { error = '', missing }]) => {
    if (error === '') return [];
    const result = missing === true ? 'different' : 'unknown';
    return [{ database, collection: '', result, detail: error } as const];
  });
}

function collectionOf({ database, collection }: ShardRef): string {
  return JSON.stringify([database, collection]);
}

function shardsOf({ databases }: ListedDatacenter): ReadonlyMap<string, ShardRef> {
  const found = new Map<string, ShardRef>();
  for (const [database, { collections = {} }] of Object.entries(databases)) {
    for (const [collection, { shards }] of Object.entries(collections)) {
      for (const index of Object.keys(shards)) {
        const shard = { database, collection, shardIndex: Number(index) };
        found.set(shardKey(shard), shard);
      }
    }
  }
  return found;
}

function different(shard: ShardRef, detail: string): CheckFinding {
  return { ...shard, result: 'different', detail };
}
