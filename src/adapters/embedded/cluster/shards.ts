import type { EngineCollection, JsonObject, StorageServer } from '../engine/types.ts';
import type { PlannedCollection } from './plan.ts';

/** What a shard keeps of its collection. */
export function shardProperties(collection: PlannedCollection): JsonObject {
  const { writeConcern, shardKeys } = collection.spread;
  return { ...collection.properties, writeConcern, shardKeys: [...shardKeys] };
}

/** The engine's view of a shard on one server; undefined where it is not. */
export function localShard(storage: StorageServer, database: string, shard: string): EngineCollection | undefined {
  return storage.database(database)?.collection(shard);
}
