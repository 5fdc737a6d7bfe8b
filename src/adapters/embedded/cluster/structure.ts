import type { IndexDefinition, JsonObject } from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Features } from '../versions/features.ts';
import type { Cluster } from './cluster.ts';
import { type CollectionWish, readChange, readCount, readReplicationFactor } from './definition.ts';
import type { Spread } from './describe.ts';
import { needServers, type Placement, Placer } from './placement.ts';
import { PlannedCollection, PlannedDatabase, type PlannedShard } from './plan.ts';
import type { ServerNode } from './server-node.ts';
import { localShard, shardProperties } from './shards.ts';
import { readSpread } from './spread.ts';

/** Makes and drops what the Plan holds, and brings it to the DB-Servers. All steps of one call happen at once. */
export class Structure {
  readonly #cluster: Cluster;
  readonly #placer: Placer;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#placer = new Placer(cluster);
  }

  /** With system collections, the first being the prototype of the others; ids in the order of 3.6. */
  createDatabase(name: string, id: string, options: JsonObject, systemCollections: readonly string[]): PlannedDatabase {
    const { plan, dbServers } = this.#cluster;
    if (plan.databases.has(name)) throw new ArangoApiError(1207, `duplicate database name '${name}'`);
    const definition = this.#databaseDefinition(name, id, options);
    const database = new PlannedDatabase(id, name, definition);
    plan.databases.set(name, database);
    for (const node of dbServers) if (node.up) node.storage.createDatabase({ id, name, definition });
    this.#createSystemCollections(database, systemCollections);
    plan.changed();
    return database;
  }

  dropDatabase(name: string): void {
    const { plan, dbServers } = this.#cluster;
    this.#cluster.database(name);
    plan.databases.delete(name);
    for (const node of dbServers) {
      if (node.up && node.storage.database(name) !== undefined) node.storage.dropDatabase(name);
    }
    plan.changed();
  }

  createCollection(
    database: PlannedDatabase,
    wish: CollectionWish,
    isRestore: boolean,
    enforce: boolean,
  ): PlannedCollection {
    if (database.collection(wish.name) !== undefined) throw new ArangoApiError(1207, `duplicate name: ${wish.name}`);
    const spread = readSpread(database, wish, isRestore);
    if (enforce) this.#needReplicas(spread);
    const prototype =
      spread.distributeShardsLike === undefined ? undefined : database.collection(spread.distributeShardsLike);
    const placement =
      prototype === undefined
        ? this.#placer.place(spread.numberOfShards, spread.replicationFactor, enforce)
        : this.#placer.placeLike(prototype);
    const first = this.#cluster.ids.reserve(1 + placement.length);
    return this.#make(database, wish, spread, placement, first, first + 1n);
  }

  dropCollection(database: PlannedDatabase, collection: PlannedCollection): void {
    const followers = [...database.collections()].filter((other) => other.distributeShardsLike === collection.id);
    if (followers.length > 0) {
      const names = followers.map(({ name }) => `'${name}'`).join(', ');
      const verb = followers.length === 1 ? 'has' : 'have';
      throw new ArangoApiError(
        1485,
        `Collection '${collection.name}' must not be dropped while ${names} ${verb} distributeShardsLike set to '${collection.name}'.`,
      );
    }
    database.remove(collection);
    this.#eachReplica(collection, (node, shard) => {
      if (localShard(node.storage, database.name, shard.name) !== undefined) {
        node.storage.dropCollection(database.name, shard.name);
      }
    });
    this.#cluster.plan.changed();
  }

  /** Applies what may change (3.2); 400/10 for a write concern above the replication factor, and then nothing changes. */
  changeCollection(
    database: PlannedDatabase,
    collection: PlannedCollection,
    body: JsonObject,
    features: Features,
  ): void {
    const spread = changedSpread(collection.spread, body);
    this.#needReplicas(spread);
    const properties = { ...collection.properties, ...readChange(body, features) };
    collection.properties = properties;
    collection.spread = spread;
    this.#eachReplica(collection, (node, shard) => {
      node.storage.changeCollection(database.name, shard.name, shardProperties(collection));
    });
    this.#cluster.plan.changed();
  }

  /** Every replica gets it, or none. */
  createIndex(database: PlannedDatabase, collection: PlannedCollection, definition: IndexDefinition): void {
    refuseUnsharded(collection, definition);
    const done: [ServerNode, PlannedShard][] = [];
    try {
      this.#eachReplica(collection, (node, shard) => {
        node.storage.createIndex(database.name, shard.name, definition);
        done.push([node, shard]);
      });
    } catch (error) {
      for (const [node, shard] of done) node.storage.dropIndex(database.name, shard.name, definition.id);
      throw error;
    }
    collection.indexes = [...collection.indexes, definition];
    this.#cluster.plan.changed();
  }

  dropIndex(database: PlannedDatabase, collection: PlannedCollection, id: string): void {
    if (!collection.indexes.some((index) => index.id === id)) throw new ArangoApiError(1212);
    collection.indexes = collection.indexes.filter((index) => index.id !== id);
    this.#eachReplica(collection, (node, shard) => {
      const local = localShard(node.storage, database.name, shard.name);
      if (local?.indexes.some((index) => index.id === id) === true) {
        node.storage.dropIndex(database.name, shard.name, id);
      }
    });
    this.#cluster.plan.changed();
  }

  #databaseDefinition(name: string, id: string, options: JsonObject): JsonObject {
    const { sharding } = options;
    const replicationFactor = readReplicationFactor(options.replicationFactor) ?? 1;
    const writeConcern = readCount('writeConcern', options.writeConcern ?? options.minReplicationFactor) ?? 1;
    if (replicationFactor !== 'satellite') needServers(replicationFactor, this.#cluster.dbServers.length);
    needServers(writeConcern, this.#cluster.dbServers.length);
    if (replicationFactor !== 'satellite' && writeConcern > replicationFactor) throw badWriteConcern();
    const kind = sharding === 'single' || sharding === 'flexible' ? sharding : '';
    return { id, name, isSystem: name === '_system', sharding: kind, replicationFactor, writeConcern };
  }

  #createSystemCollections(database: PlannedDatabase, names: readonly string[]): void {
    const { ids, dbServers } = this.#cluster;
    const [prototype, ...others] = names;
    if (prototype === undefined) return;
    const factor = Math.min(2, dbServers.length);
    const [servers] = this.#placer.place(1, factor, true);
    const first = ids.reserve(2);
    const placement = [servers as readonly string[]];
    this.#make(database, systemWish(prototype), systemSpread(factor, undefined), placement, first, first + 1n);
    const firstId = ids.reserve(others.length);
    const firstShard = ids.reserve(others.length);
    others.forEach((name, index) => {
      const offset = BigInt(index);
      this.#make(
        database,
        systemWish(name),
        systemSpread(factor, prototype),
        placement,
        firstId + offset,
        firstShard + offset,
      );
    });
  }

  #make(
    database: PlannedDatabase,
    wish: CollectionWish,
    spread: Spread,
    placement: Placement,
    id: bigint,
    firstShard: bigint,
  ): PlannedCollection {
    const { ids, environment, plan, dbServers } = this.#cluster;
    const upIds = new Set(dbServers.filter((node) => node.up).map((node) => node.id));
    const shards = placement.map((servers, index) => {
      const number = firstShard + BigInt(index);
      return { name: `s${number}`, number, servers, inSync: servers.filter((server) => upIds.has(server)) };
    });
    const prototype = spread.distributeShardsLike;
    const distributeShardsLike = prototype === undefined ? undefined : database.collection(prototype)?.id;
    const { name, type, isSystem, properties } = wish;
    const parts = { id: id.toString(), name, type, isSystem, properties, shards, distributeShardsLike };
    const collection = new PlannedCollection(parts, spread, ids, environment);
    this.#eachReplica(collection, (node, shard) => this.#cluster.makeShard(node, database, collection, shard));
    database.add(collection);
    plan.changed();
    return collection;
  }

  #needReplicas(spread: Spread): void {
    const present = this.#cluster.dbServers.length;
    if (spread.replicationFactor !== 'satellite') needServers(spread.replicationFactor, present);
    needServers(spread.writeConcern, present);
  }

  /** Every replica on a server that is up; others are brought in line when they return. */
  #eachReplica(collection: PlannedCollection, visit: (node: ServerNode, shard: PlannedShard) => void): void {
    for (const shard of collection.shards) {
      for (const id of shard.servers) {
        const node = this.#cluster.dbServerById(id);
        if (node.up) visit(node, shard);
      }
    }
  }
}

function systemWish(name: string): CollectionWish {
  const properties = {
    waitForSync: false,
    cacheEnabled: false,
    schema: null,
    computedValues: null,
    keyOptions: { allowUserKeys: true, type: 'traditional' },
  };
  const sharding = {
    numberOfShards: 1,
    shardKeys: undefined,
    shardingStrategy: undefined,
    replicationFactor: undefined,
    writeConcern: undefined,
    distributeShardsLike: undefined,
  };
  return { name, type: 2, isSystem: true, globallyUniqueId: undefined, properties, sharding };
}

function systemSpread(replicationFactor: number, distributeShardsLike: string | undefined): Spread {
  const fixed = { numberOfShards: 1, shardKeys: ['_key'], shardingStrategy: 'hash', writeConcern: 1 };
  return { ...fixed, replicationFactor, distributeShardsLike };
}

function changedSpread(spread: Spread, body: JsonObject): Spread {
  const replicationFactor = readReplicationFactor(body.replicationFactor) ?? spread.replicationFactor;
  const writeConcern = readCount('writeConcern', body.writeConcern ?? body.minReplicationFactor) ?? spread.writeConcern;
  if (replicationFactor !== 'satellite' && writeConcern > replicationFactor) throw badWriteConcern();
  return { ...spread, replicationFactor, writeConcern };
}

/** Uniqueness holds within a shard only: the shard keys must be among the fields (3.3). */
function refuseUnsharded(collection: PlannedCollection, definition: IndexDefinition): void {
  if (definition.unique !== true || collection.spread.numberOfShards === 1) return;
  const fields = Array.isArray(definition.fields) ? definition.fields : [];
  const missing = collection.spread.shardKeys.find((key) => !fields.includes(key));
  if (missing === undefined) return;
  throw new ArangoApiError(1470, `shard key '${missing}' must be present in unique index`);
}

function badWriteConcern(): ArangoApiError {
  return new ArangoApiError(10, 'writeConcern must not be higher than replicationFactor');
}
