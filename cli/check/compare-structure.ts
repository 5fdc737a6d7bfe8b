import { ShardListing } from '../../src/wire/shard-listing.ts';
import type { ShardSyncInfo } from '../../src/wire/sync-info.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import type { ShardVerdict } from './compare-shards.ts';

/**
 * Finds what one side lacks altogether, and shards of the source that no task replicates: a comparison of the shards
 * that are being replicated could not see either.
 */
export async function compareStructure(
  masters: MasterClient,
  shards: readonly ShardSyncInfo[],
): Promise<ShardVerdict[]> {
  const listing = await masters.ask({ method: 'GET', path: '/_api/sync/shards' }, ShardListing);
  return differencesOf(listing, shards);
}

/** The comparison itself, on a listing of source and target in this order. */
export function differencesOf(listing: ShardListing, shards: readonly ShardSyncInfo[]): ShardVerdict[] {
  const [source, target] = listing.datacenters;
  if (source === undefined || target === undefined) {
    throw new CommandFailed('the masters listed the shards of one datacenter only: the other one cannot be compared');
  }
  const [here, there] = [shardPaths(source), shardPaths(target)];
  const followed = new Set(shards.map((shard) => pathOf(shard.database, shard.collection, shard.shardIndex)));
  return [
    ...[source, target].flatMap(databaseTroubles),
    ...[...here].filter(([path]) => !there.has(path)).map(([, shard]) => different(shard, 'missing on the target')),
    ...[...there].filter(([path]) => !here.has(path)).map(([, shard]) => different(shard, 'only on the target')),
    ...[...here]
      .filter(([path]) => there.has(path) && !followed.has(path))
      .map(([, shard]) => different(shard, 'Shard is not turned on for synchronizing')),
  ];
}

/** A database that one side lacks, or could not list: its collections alone would not show it. */
function databaseTroubles({ databases }: ShardListing['datacenters'][number]): ShardVerdict[] {
  return Object.entries(databases).flatMap(([database, { error = '', missing }]) => {
    if (error === '') return [];
    const result = missing === true ? 'different' : 'unknown';
    return [{ database, collection: '', shardIndex: undefined, result, detail: error } as const];
  });
}

interface ShardPath {
  readonly database: string;
  readonly collection: string;
  readonly shardIndex: number;
}

function pathOf(database: string, collection: string, shardIndex: number): string {
  return JSON.stringify([database, collection, shardIndex]);
}

function shardPaths(datacenter: ShardListing['datacenters'][number]): Map<string, ShardPath> {
  const paths = new Map<string, ShardPath>();
  for (const [database, { collections = {} }] of Object.entries(datacenter.databases)) {
    for (const [collection, { shards }] of Object.entries(collections)) {
      for (const index of Object.keys(shards)) {
        const shardIndex = Number(index);
        paths.set(pathOf(database, collection, shardIndex), { database, collection, shardIndex });
      }
    }
  }
  return paths;
}

function different(shard: ShardPath, detail: string): ShardVerdict {
  return { ...shard, result: 'different', detail };
}
