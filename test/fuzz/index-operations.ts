import { call } from './calls.ts';
import { DONE_BEFORE, type Operation } from './operation.ts';
import type { FuzzCollection, FuzzIndex, World } from './world.ts';

export const indexOperations: readonly Operation[] = [
  { weight: 6, run: createIndex },
  { weight: 2, run: createUnique },
  { weight: 2, run: dropIndex },
  { weight: 1, run: makeIndexAnew },
];

/** Documents that break it, a unique one without the shard keys, a second one of its kind. */
const MAY_REFUSE = [1210, 1470, 10, 1005, 1207];

function definitionOf({ dice }: World, analyzers: readonly string[]): object {
  const analyzer = analyzers.length > 0 && dice.oneIn(2) ? { analyzer: dice.pick(analyzers) } : {};
  return dice.pick([
    { type: 'persistent', fields: ['u'], sparse: dice.oneIn(2), estimates: dice.oneIn(2) },
    { type: 'persistent', fields: ['k', 'u'], storedValues: ['words'], cacheEnabled: dice.oneIn(2) },
    { type: 'persistent', fields: ['u', '_key'], unique: true },
    { type: 'persistent', fields: ['k', '_key'], unique: true, sparse: true },
    { type: 'persistent', fields: ['tags[*]'], deduplicate: dice.oneIn(2) },
    { type: dice.pick(['hash', 'skiplist']), fields: ['words'], sparse: dice.oneIn(2) },
    { type: 'ttl', fields: ['when'], expireAfter: dice.between(100_000, 200_000) },
    { type: 'geo', fields: ['at'], geoJson: dice.oneIn(2), legacyPolygons: dice.oneIn(2) },
    { type: 'geo', fields: ['lat', 'lon'] },
    { type: 'fulltext', fields: ['words'], minLength: dice.between(2, 5) },
    { type: 'mdi', fields: ['u', 'k'], fieldValueTypes: 'double', sparse: dice.oneIn(2) },
    { type: 'mdi-prefixed', fields: ['lat', 'lon'], fieldValueTypes: 'double', prefixFields: ['k'], sparse: true },
    { type: 'inverted', fields: ['words', { name: 'u' }], includeAllFields: dice.oneIn(2) },
    {
      type: 'inverted',
      fields: [{ name: 'words', ...analyzer, trackListPositions: dice.oneIn(2) }, 'k'],
      primarySort: { fields: [{ field: 'k', direction: 'asc' }] },
      storedValues: [{ fields: ['u'] }],
      cleanupIntervalStep: dice.between(1, 9),
      searchField: dice.oneIn(2),
    },
  ]);
}

async function create(world: World, collection: FuzzCollection, definition: object): Promise<FuzzIndex | undefined> {
  const { database, name } = collection;
  const answer = await call(world, {
    method: 'POST',
    path: '/_api/index',
    database,
    query: { collection: name },
    body: definition,
    mayFailWith: MAY_REFUSE,
  });
  if (!answer.done) return undefined;
  const made = JSON.parse(answer.body) as FuzzIndex & { isNewlyCreated?: boolean; unique?: boolean };
  if (made.isNewlyCreated === false) return undefined;
  const index = { id: made.id, name: made.name, type: made.unique === true ? 'unique' : made.type };
  collection.indexes.push(index);
  return index;
}

async function createIndex(world: World): Promise<string | undefined> {
  const collection = world.someCollection((each) => !world.isHeld(each));
  if (collection === undefined) return undefined;
  const definition = definitionOf(world, world.databaseOf(collection).analyzers);
  const named = world.dice.oneIn(2) ? { ...definition, name: world.newName('index') } : definition;
  if ((await create(world, collection, named)) === undefined) return undefined;
  return `create index on ${collection.database}/${collection.name}: ${JSON.stringify(named)}`;
}

/** On what has one shard, before documents have the same values. */
async function createUnique(world: World): Promise<string | undefined> {
  const { dice } = world;
  const collection = world.someCollection((each) => each.keys.length < 40 && !world.isHeld(each));
  if (collection === undefined) return undefined;
  const definition = dice.pick([
    { type: 'persistent', fields: ['u'], unique: true, sparse: true },
    { type: 'persistent', fields: ['u', 'k'], unique: true, sparse: dice.oneIn(2) },
    { type: 'persistent', fields: ['tags[*]'], unique: true, sparse: true, deduplicate: dice.oneIn(2) },
    { type: 'mdi', fields: ['u', 'k'], unique: true, fieldValueTypes: 'double', sparse: true },
  ]);
  if ((await create(world, collection, definition)) === undefined) return undefined;
  return `create index on ${collection.database}/${collection.name}: ${JSON.stringify(definition)}`;
}

async function drop(world: World, { database, name, indexes }: FuzzCollection, index: FuzzIndex): Promise<boolean> {
  // The number behind the name it had when it was made: collections are renamed.
  const path = `/_api/index/${encodeURIComponent(name)}/${index.id.slice(index.id.lastIndexOf('/') + 1)}`;
  // A search-alias view may use it.
  const { done } = await call(world, {
    method: 'DELETE',
    path,
    database,
    mayFailWith: [...DONE_BEFORE.gone, 1200, 10],
  });
  indexes.splice(indexes.indexOf(index), 1);
  return done;
}

const hasIndexes = ({ indexes }: FuzzCollection) => indexes.length > 0;

async function dropIndex(world: World): Promise<string | undefined> {
  const collection = world.someCollection(hasIndexes);
  if (collection === undefined) return undefined;
  const index = world.dice.pick(collection.indexes);
  await drop(world, collection, index);
  return `drop index ${index.id} of ${collection.database}/${collection.name}`;
}

/** Another one under the name that the first one had. */
async function makeIndexAnew(world: World): Promise<string | undefined> {
  const collection = world.someCollection((each) => hasIndexes(each) && !world.isHeld(each));
  if (collection === undefined) return undefined;
  const index = world.dice.pick(collection.indexes);
  if (!(await drop(world, collection, index))) return undefined;
  const definition = { ...definitionOf(world, []), name: index.name };
  await create(world, collection, definition);
  return `drop and make anew index ${index.name} of ${collection.database}/${collection.name}: ${JSON.stringify(definition)}`;
}
