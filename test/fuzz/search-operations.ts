import { call } from './calls.ts';
import { DONE_BEFORE, type Operation } from './operation.ts';
import type { FuzzDatabase, World } from './world.ts';

export const searchOperations: readonly Operation[] = [
  { weight: 2, run: createAnalyzer },
  { weight: 0.7, run: dropAnalyzer },
  { weight: 0.7, run: makeAnalyzerAnew },
  { weight: 3, run: createView },
  { weight: 2, run: changeView },
  { weight: 1, run: renameView },
  { weight: 0.8, run: dropView },
  { weight: 0.8, run: makeViewAnew },
];

function analyzerOf({ dice }: World): object {
  const kind = dice.pick([
    { type: 'norm', properties: { locale: 'en', case: dice.pick(['lower', 'upper']) } },
    { type: 'ngram', properties: { min: 2, max: dice.between(3, 5), preserveOriginal: true } },
    { type: 'delimiter', properties: { delimiter: dice.pick([',', ';', '|']) } },
    { type: 'stem', properties: { locale: dice.pick(['de', 'fr']) } },
    {
      type: 'text',
      properties: { locale: 'de', stopwords: ['und', `ä${dice.below(9)}`], edgeNgram: { min: 2, max: 4 } },
    },
    { type: 'stopwords', properties: { stopwords: [`wort ${dice.below(9)}`] } },
    { type: 'segmentation', properties: { break: 'all' } },
    { type: 'aql', properties: { queryString: `RETURN SOUNDEX(@param) // ${dice.below(9)}` } },
    { type: 'geojson', properties: { type: 'point' } },
    {
      type: 'pipeline',
      properties: {
        pipeline: [
          { type: 'norm', properties: { locale: 'en' } },
          { type: 'stem', properties: { locale: 'en' } },
        ],
      },
    },
  ]);
  return { ...kind, features: dice.pick([['frequency', 'position', 'norm'], ['frequency'], []]) };
}

async function createAnalyzer(world: World): Promise<string | undefined> {
  const database = world.someDatabase();
  if (database === undefined) return undefined;
  const name = world.newName('analyzer');
  await make(world, database, name);
  return `create analyzer ${database.name}/${name}`;
}

async function make(world: World, database: FuzzDatabase, name: string): Promise<void> {
  const body = { name, ...analyzerOf(world) };
  await call(world, { method: 'POST', path: '/_api/analyzer', database: database.name, body });
  database.analyzers.push(name);
}

/** Nothing of the kind goes while something uses it. */
async function drop(world: World, database: FuzzDatabase, name: string): Promise<boolean> {
  const path = `/_api/analyzer/${name}`;
  const { done } = await call(world, { method: 'DELETE', path, database: database.name, mayFailWith: [1200, 1202] });
  if (done) database.analyzers.splice(database.analyzers.indexOf(name), 1);
  return done;
}

const hasAnalyzers = ({ analyzers }: FuzzDatabase) => analyzers.length > 0;

async function dropAnalyzer(world: World): Promise<string | undefined> {
  const database = world.someDatabase(hasAnalyzers);
  if (database === undefined) return undefined;
  const name = world.dice.pick(database.analyzers);
  const done = await drop(world, database, name);
  return `drop analyzer ${database.name}/${name}${done ? '' : ': it is used'}`;
}

async function makeAnalyzerAnew(world: World): Promise<string | undefined> {
  const database = world.someDatabase(hasAnalyzers);
  if (database === undefined) return undefined;
  const name = world.dice.pick(database.analyzers);
  if (!(await drop(world, database, name))) return undefined;
  await make(world, database, name);
  return `drop and make anew analyzer ${database.name}/${name}`;
}

async function createView(world: World): Promise<string | undefined> {
  const database = world.someDatabase(({ collections }) => collections.length > 0);
  if (database === undefined) return undefined;
  const name = world.newName(world.dice.oneIn(4) ? 'sicht ü' : 'view');
  await makeView(world, database, name);
  return `create view ${database.name}/${name}`;
}

async function makeView(world: World, database: FuzzDatabase, name: string): Promise<void> {
  const { dice } = world;
  const indexes = aliasesOf(world, database);
  const isAlias = dice.oneIn(indexes.length > 0 ? 2 : 5);
  const definition = isAlias
    ? { type: 'search-alias', indexes }
    : {
        type: 'arangosearch',
        links: linksOf(world, database),
        commitIntervalMsec: dice.between(500, 2_000),
        ...(dice.oneIn(3) ? { primarySort: [{ field: 'u', direction: 'desc' }], primarySortCompression: 'none' } : {}),
        ...(dice.oneIn(3) ? { storedValues: [{ fields: ['u', 'k'] }] } : {}),
      };
  const body = { name, ...definition };
  await call(world, {
    method: 'POST',
    path: '/_api/view',
    database: database.name,
    body,
    mayFailWith: DONE_BEFORE.made,
  });
  database.views.push({ name, type: isAlias ? 'search-alias' : 'arangosearch' });
}

/** Some of the inverted indexes. */
function aliasesOf({ dice }: World, { collections }: FuzzDatabase): { collection: string; index: string }[] {
  return collections.flatMap(({ name, indexes }) =>
    indexes
      .filter(({ type }) => type === 'inverted')
      .filter(() => dice.oneIn(2))
      .map((index) => ({ collection: name, index: index.name })),
  );
}

function linksOf(world: World, { collections, analyzers }: FuzzDatabase): object {
  const { dice } = world;
  const own = analyzers.length > 0 && dice.oneIn(2) ? [dice.pick(analyzers)] : [];
  const chosen = new Set([dice.pick(collections).name, dice.pick(collections).name]);
  return Object.fromEntries(
    [...chosen].map((name) => [
      name,
      {
        analyzers: [...own, 'identity'],
        includeAllFields: dice.oneIn(2),
        storeValues: dice.pick(['none', 'id']),
        fields: { words: dice.oneIn(2) ? {} : { analyzers: ['text_de'] }, u: {} },
      },
    ]),
  );
}

/** Indexes and collections that a view is to name may have gone by the time it does. */
const GONE = [1203, 1212];

async function changeView(world: World): Promise<string | undefined> {
  const { dice } = world;
  const database = world.someDatabase(({ views, collections }) => views.length > 0 && collections.length > 0);
  if (database === undefined) return undefined;
  const { name, type } = dice.pick(database.views);
  const body =
    type === 'search-alias'
      ? { indexes: aliasesOf(world, database).map((entry) => (dice.oneIn(3) ? { ...entry, operation: 'del' } : entry)) }
      : { links: linksOf(world, database), consolidationIntervalMsec: dice.between(1_000, 9_000) };
  const path = `/_api/view/${encodeURIComponent(name)}/properties`;
  const method = dice.pick(['PATCH', 'PUT'] as const);
  await call(world, { method, path, database: database.name, body, mayFailWith: GONE });
  return `change view ${database.name}/${name}: ${method} ${JSON.stringify(body)}`;
}

async function renameView(world: World): Promise<string | undefined> {
  const database = world.isCluster ? undefined : world.someDatabase(({ views }) => views.length > 0);
  if (database === undefined) return undefined;
  const view = world.dice.pick(database.views);
  const before = view.name;
  view.name = world.newName('renamedView');
  const path = `/_api/view/${encodeURIComponent(before)}/rename`;
  await call(world, { method: 'PUT', path, database: database.name, body: { name: view.name }, mayFailWith: [1203] });
  return `rename view ${database.name}/${before} to ${view.name}`;
}

async function takeAway(world: World, database: FuzzDatabase): Promise<string> {
  const view = world.dice.pick(database.views);
  const path = `/_api/view/${encodeURIComponent(view.name)}`;
  await call(world, { method: 'DELETE', path, database: database.name, mayFailWith: DONE_BEFORE.gone });
  database.views.splice(database.views.indexOf(view), 1);
  return view.name;
}

async function dropView(world: World): Promise<string | undefined> {
  const database = world.someDatabase(({ views }) => views.length > 0);
  if (database === undefined) return undefined;
  return `drop view ${database.name}/${await takeAway(world, database)}`;
}

async function makeViewAnew(world: World): Promise<string | undefined> {
  const database = world.someDatabase(({ views, collections }) => views.length > 0 && collections.length > 0);
  if (database === undefined) return undefined;
  const name = await takeAway(world, database);
  await makeView(world, database, name);
  return `drop and make anew view ${database.name}/${name}`;
}
