import { call } from './calls.ts';
import { documentAt, documentsAt, MAY_REFUSE } from './document-text.ts';
import type { Operation } from './operation.ts';
import type { World } from './world.ts';

/** What users have in system collections: AQL functions, and what Foxx keeps. */
export const systemOperations: readonly Operation[] = [
  { weight: 1.5, run: putFunction },
  { weight: 0.4, run: dropFunction },
  { weight: 2, run: writeFoxx },
  { weight: 0.8, run: removeFoxx },
];

const FOXX_COLLECTIONS = ['_apps', '_appbundles', '_queues', '_jobs'] as const;
const BUNDLE_BYTES = 3_000;

/** A new one, or another text under a name that is taken. */
async function putFunction(world: World): Promise<string | undefined> {
  const { dice } = world;
  const database = world.someDatabase();
  if (database === undefined) return undefined;
  const known = database.functions.length > 0 && dice.oneIn(3) ? dice.pick(database.functions) : undefined;
  const name = known ?? `my::${world.newName('function')}`;
  const body = { name, code: `function () { return ${dice.below(100)}; }`, isDeterministic: dice.oneIn(2) };
  await call(world, { method: 'POST', path: '/_api/aqlfunction', database: database.name, body });
  if (known === undefined) database.functions.push(name);
  return `${known === undefined ? 'create' : 'replace'} function ${database.name}/${name}`;
}

async function dropFunction(world: World): Promise<string | undefined> {
  const database = world.someDatabase(({ functions }) => functions.length > 0);
  if (database === undefined) return undefined;
  const name = world.dice.pick(database.functions);
  const path = `/_api/aqlfunction/${encodeURIComponent(name)}`;
  await call(world, { method: 'DELETE', path, database: database.name, mayFailWith: [1582, 404] });
  database.functions.splice(database.functions.indexOf(name), 1);
  return `drop function ${database.name}/${name}`;
}

/** A service with its bundle, a queue, or a job that changes its state. */
async function writeFoxx(world: World): Promise<string | undefined> {
  const { dice } = world;
  const database = world.someDatabase();
  if (database === undefined) return undefined;
  const collection = dice.pick(FOXX_COLLECTIONS);
  const own = database.systemKeys.filter((each) => each.startsWith(`${collection}/`));
  const isKnown = own.length > 0 && dice.oneIn(3);
  const name = isKnown ? dice.pick(own) : `${collection}/${world.newName('foxx')}`;
  const _key = name.slice(collection.length + 1);
  const body = {
    _key,
    mount: `/${_key}`,
    data: 'QUJD'.repeat(dice.below(BUNDLE_BYTES)),
    status: dice.pick(['pending', 'progress', 'complete', 'failed']),
  };
  await call(world, {
    method: 'POST',
    path: documentsAt(collection),
    database: database.name,
    query: { overwriteMode: 'replace' },
    body,
    mayFailWith: MAY_REFUSE,
  });
  if (!isKnown) database.systemKeys.push(name);
  return `write ${database.name}/${name}`;
}

async function removeFoxx(world: World): Promise<string | undefined> {
  const database = world.someDatabase(({ systemKeys }) => systemKeys.length > 0);
  if (database === undefined) return undefined;
  const name = world.dice.pick(database.systemKeys);
  const [collection = '', key = ''] = name.split('/');
  await call(world, {
    method: 'DELETE',
    path: documentAt(collection, key),
    database: database.name,
    mayFailWith: MAY_REFUSE,
  });
  database.systemKeys.splice(database.systemKeys.indexOf(name), 1);
  return `remove ${database.name}/${name}`;
}
