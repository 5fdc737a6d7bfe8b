import type { ArangoDeployment } from '../../replication/arango.ts';
import { ArangoError } from '../../replication/arango.ts';
import type { ShardRef } from '../../wire/shards.ts';
import type { PlacedShard } from '../checksums/shard-digests.ts';
import { type LocalDatabase, readDatabase } from './local-structure.ts';
import { localName, type Side } from './replicated-names.ts';

export interface PlacedShards {
  readonly placed: readonly PlacedShard[];
  /** Shards that this deployment does not have. */
  readonly missing: readonly ShardRef[];
}

/** Finds shards in this deployment: their names and leaders, each database read once. */
export async function placeShards(
  deployment: ArangoDeployment,
  shards: readonly ShardRef[],
  side: Side,
  signal: AbortSignal,
): Promise<PlacedShards> {
  const placed: PlacedShard[] = [];
  const missing: ShardRef[] = [];
  for (const [database, wanted] of Map.groupBy(shards, (shard) => shard.database)) {
    const local = await readIfThere(deployment, database, signal);
    const collections = new Map(local?.collections.map((collection) => [collection.name, collection]));
    for (const shard of wanted) {
      const found = collections.get(localName(shard.collection, side))?.shards[shard.shardIndex];
      if (found === undefined) missing.push(shard);
      else placed.push({ shard, database, name: found.name, leader: found.leader });
    }
  }
  return { placed, missing };
}

/** Undefined when this deployment has no such database. */
export async function readIfThere(
  deployment: ArangoDeployment,
  database: string,
  signal: AbortSignal,
): Promise<LocalDatabase | undefined> {
  try {
    return await readDatabase(deployment, database, signal);
  } catch (error) {
    if (error instanceof ArangoError && error.status === 404) return undefined;
    throw error;
  }
}
