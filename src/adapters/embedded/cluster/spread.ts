import { ArangoApiError } from '../http/errors.ts';
import type { CollectionWish } from './definition.ts';
import type { Spread } from './describe.ts';
import type { PlannedDatabase } from './plan.ts';

/** How a new collection is spread: what it wishes, completed by its prototype and its database (reference 3.2, 7.1). */
export function readSpread(database: PlannedDatabase, wish: CollectionWish, isRestore: boolean): Spread {
  const { sharding } = wish;
  const isOneShard = database.definition.sharding === 'single';
  const like = sharding.distributeShardsLike ?? (isOneShard ? '_graphs' : undefined);
  const prototype = like === undefined ? undefined : readPrototype(database, like, sharding.numberOfShards, isOneShard);
  const replicationFactor = prototype?.replicationFactor ?? sharding.replicationFactor ?? databaseFactor(database) ?? 1;
  const numberOfShards =
    isOneShard || replicationFactor === 'satellite' ? 1 : (sharding.numberOfShards ?? prototype?.numberOfShards ?? 1);
  // Of satellites the servers decide themselves, and tell 0 (reference 3.2).
  const writeConcern =
    replicationFactor === 'satellite'
      ? 0
      : (sharding.writeConcern ?? prototype?.writeConcern ?? databaseConcern(database) ?? 1);
  if (replicationFactor !== 'satellite' && writeConcern > replicationFactor) {
    throw new ArangoApiError(10, 'writeConcern must not be higher than replicationFactor');
  }
  const shardKeys = sharding.shardKeys ?? ['_key'];
  if (isOneShard && shardKeys.length > 1)
    throw new ArangoApiError(10, 'only one shard key is possible in this database');
  if (wish.properties.keyOptions !== undefined && numberOfShards > 1) refuseAutoincrement(wish);
  return {
    numberOfShards,
    shardKeys,
    shardingStrategy:
      prototype?.shardingStrategy ??
      sharding.shardingStrategy ??
      (isRestore && !isOneShard ? 'community-compat' : 'hash'),
    replicationFactor,
    writeConcern,
    distributeShardsLike: like,
  };
}

function readPrototype(
  database: PlannedDatabase,
  name: string,
  wishedShards: number | undefined,
  forced: boolean,
): Spread {
  const prototype = database.collection(name);
  if (prototype === undefined)
    throw new ArangoApiError(1486, `the collection '${name}' of distributeShardsLike is unknown`);
  if (prototype.distributeShardsLike !== undefined) {
    throw new ArangoApiError(1484, `the collection '${name}' of distributeShardsLike has distributeShardsLike itself`);
  }
  const { spread } = prototype;
  if (!forced && wishedShards !== undefined && wishedShards !== spread.numberOfShards) {
    throw new ArangoApiError(10, `'${name}' has ${spread.numberOfShards} shards, numberOfShards must be equal`);
  }
  return spread;
}

function refuseAutoincrement(wish: CollectionWish): void {
  const options = wish.properties.keyOptions;
  if (typeof options === 'object' && options !== null && 'type' in options && options.type === 'autoincrement') {
    throw new ArangoApiError(1470, 'the autoincrement key generator needs a collection of one shard');
  }
}

function databaseFactor(database: PlannedDatabase): number | 'satellite' | undefined {
  const { replicationFactor } = database.definition;
  return typeof replicationFactor === 'number' || replicationFactor === 'satellite' ? replicationFactor : undefined;
}

function databaseConcern(database: PlannedDatabase): number | undefined {
  const { writeConcern } = database.definition;
  return typeof writeConcern === 'number' ? writeConcern : undefined;
}
