import { call } from './calls.ts';
import { DONE_BEFORE, type Operation } from './operation.ts';
import type { FuzzCollection, FuzzDatabase, World } from './world.ts';

const COLLECTIONS_MAX = 9;

export const collectionOperations: readonly Operation[] = [
  { weight: 5, run: createCollection },
  { weight: 2, run: dropCollection },
  { weight: 2, run: makeAnew },
  { weight: 3, run: rename },
  { weight: 3, run: changeProperties },
];

export async function createCollection(world: World): Promise<string | undefined> {
  const database = world.someDatabase();
  if (database === undefined || database.collections.length >= COLLECTIONS_MAX) return undefined;
  const name = world.dice.oneIn(5) ? world.newName('größe ') : world.newName('c');
  await makeCollection(world, database, name);
  return `create collection ${database.name}/${name}`;
}

interface Sharding {
  readonly follows: FuzzCollection | undefined;
  readonly shardedBy: '_key' | 'k';
  readonly isOneShard: boolean;
  readonly properties: object;
}

function shardingOf({ isCluster, dice }: World, database: FuzzDatabase): Sharding {
  if (!isCluster) return { follows: undefined, shardedBy: '_key', isOneShard: true, properties: {} };
  const prototypes = database.isOneShard
    ? []
    : database.collections.filter((each) => each.follows === undefined && each.shardedBy === '_key');
  if (prototypes.length > 0 && dice.oneIn(6)) {
    const follows = dice.pick(prototypes);
    // The database's default may be more than the prototype has copies.
    const properties = { distributeShardsLike: follows.name, writeConcern: 1 };
    return { follows, shardedBy: '_key', isOneShard: false, properties };
  }
  const shardKeys = dice.oneIn(6) ? dice.pick(database.isOneShard ? [['k']] : [['k'], ['k', 'lat']]) : ['_key'];
  const isSatellite = !database.isOneShard && dice.oneIn(20);
  const isOneShard = isSatellite || database.isOneShard || dice.oneIn(3);
  const replicationFactor = dice.between(1, 3);
  const properties = isSatellite
    ? { replicationFactor: 'satellite' }
    : {
        numberOfShards: isOneShard ? 1 : dice.between(2, 5),
        replicationFactor,
        writeConcern: database.isOneShard ? 1 : dice.between(1, replicationFactor),
        shardKeys,
        ...(dice.oneIn(6) ? { shardingStrategy: dice.pick(['hash', 'community-compat', 'enterprise-compat']) } : {}),
      };
  return { follows: undefined, shardedBy: !isSatellite && shardKeys[0] === 'k' ? 'k' : '_key', isOneShard, properties };
}

export async function makeCollection(world: World, database: FuzzDatabase, name: string): Promise<void> {
  const { dice } = world;
  const { follows, shardedBy, isOneShard, properties } = shardingOf(world, database);
  const isEdge = dice.oneIn(4);
  const body = {
    name,
    type: isEdge ? 3 : 2,
    waitForSync: dice.oneIn(8),
    cacheEnabled: dice.oneIn(8),
    keyOptions: keyOptions(world, isOneShard),
    ...(dice.oneIn(6) ? { schema: schemaOf(world) } : {}),
    ...(dice.oneIn(6) ? { computedValues: computedValues(world) } : {}),
    ...properties,
  };
  await call(world, {
    method: 'POST',
    path: '/_api/collection',
    database: database.name,
    body,
    mayFailWith: DONE_BEFORE.made,
  });
  if (follows !== undefined) follows.isPrototype = true;
  database.collections.push({
    database: database.name,
    name,
    isEdge,
    shardedBy,
    keys: [],
    indexes: [],
    isPrototype: false,
    follows,
    graphs: new Set(),
  });
}

function keyOptions({ dice }: World, isOneShard: boolean): object {
  const type = dice.pick(['traditional', 'traditional', 'uuid', 'padded', ...(isOneShard ? ['autoincrement'] : [])]);
  if (type !== 'autoincrement') return { type, allowUserKeys: true };
  return { type, allowUserKeys: true, offset: dice.below(50), increment: dice.between(1, 7) };
}

function schemaOf({ dice }: World): object {
  const rule = { properties: { u: { type: 'number', maximum: dice.between(200, 399) } } };
  return { rule, level: dice.pick(['none', 'new', 'moderate', 'strict']), message: 'u is too large' };
}

function computedValues({ dice }: World): object[] {
  const first = {
    name: `made${dice.below(3)}`,
    expression: `RETURN ${dice.below(100)}`,
    overwrite: dice.oneIn(2),
    computeOn: dice.pick([['insert'], ['insert', 'update', 'replace'], ['replace']]),
    keepNull: dice.oneIn(2),
  };
  const second = {
    name: 'other',
    expression: "RETURN CONCAT(@doc.words, ' größer')",
    overwrite: true,
    failOnWarning: true,
  };
  return dice.oneIn(2) ? [first] : [first, second];
}

/** What is a prototype, part of a graph, or held by an open transaction has to stay. */
function mayGo(world: World): (collection: FuzzCollection) => boolean {
  return (collection) => !collection.isPrototype && collection.graphs.size === 0 && !world.isHeld(collection);
}

async function dropCollection(world: World): Promise<string | undefined> {
  const collection = world.collections.length < 4 ? undefined : world.someCollection(mayGo(world));
  if (collection === undefined) return undefined;
  await drop(world, collection);
  return `drop collection ${collection.database}/${collection.name}`;
}

async function drop(world: World, collection: FuzzCollection): Promise<void> {
  const { database, name } = collection;
  const path = `/_api/collection/${encodeURIComponent(name)}`;
  await call(world, { method: 'DELETE', path, database, mayFailWith: DONE_BEFORE.gone });
  forget(world, collection);
}

/** It has gone: whatever knew it does not any more. */
export function forget(world: World, collection: FuzzCollection): void {
  const { collections } = world.databaseOf(collection);
  collections.splice(collections.indexOf(collection), 1);
  const { follows } = collection;
  if (follows !== undefined && !collections.some((other) => other.follows === follows)) follows.isPrototype = false;
}

async function makeAnew(world: World): Promise<string | undefined> {
  const collection = world.someCollection(mayGo(world));
  if (collection === undefined) return undefined;
  await drop(world, collection);
  await makeCollection(world, world.databaseOf(collection), collection.name);
  return `drop and make anew ${collection.database}/${collection.name}`;
}

/** Some take the name that another one had before: it is dropped, or renamed as well. */
async function rename(world: World): Promise<string | undefined> {
  if (world.isCluster) return undefined;
  const collection = world.someCollection((each) => !world.isHeld(each));
  if (collection === undefined) return undefined;
  const { database, name: before } = collection;
  const isOther = (other: FuzzCollection) => other !== collection && !world.isHeld(other);
  const sibling = world.databaseOf(collection).collections.find(isOther);
  let name = world.newName('renamed');
  if (sibling !== undefined && world.dice.oneIn(4)) {
    ({ name } = sibling);
    await renameTo(world, sibling, world.newName('moved'));
  }
  await renameTo(world, collection, name);
  return `rename ${database}/${before} to ${name}`;
}

async function renameTo(world: World, collection: FuzzCollection, name: string): Promise<void> {
  const path = `/_api/collection/${encodeURIComponent(collection.name)}/rename`;
  await call(world, { method: 'PUT', path, database: collection.database, body: { name }, mayFailWith: [1203] });
  collection.name = name;
}

async function changeProperties(world: World): Promise<string | undefined> {
  const { dice } = world;
  const collection = world.someCollection();
  if (collection === undefined) return undefined;
  const { database, name, follows } = collection;
  const replicationFactor = dice.between(1, 3);
  const body = dice.pick([
    { waitForSync: dice.oneIn(2) },
    { cacheEnabled: dice.oneIn(2) },
    { schema: dice.oneIn(2) ? null : schemaOf(world) },
    { computedValues: dice.oneIn(2) ? null : computedValues(world) },
    world.isCluster && follows === undefined && !world.databaseOf(collection).isOneShard
      ? { replicationFactor, writeConcern: dice.between(1, replicationFactor) }
      : { waitForSync: false },
  ]);
  const path = `/_api/collection/${encodeURIComponent(name)}/properties`;
  // A OneShard database has its own say about copies.
  const { done } = await call(world, { method: 'PUT', path, database, body, mayFailWith: [10, 1470] });
  return done ? `change ${database}/${name}: ${JSON.stringify(body)}` : undefined;
}
