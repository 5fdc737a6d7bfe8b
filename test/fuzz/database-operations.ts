import { call } from './calls.ts';
import { makeCollection } from './collection-operations.ts';
import { DONE_BEFORE, type Operation } from './operation.ts';
import { emptyDatabase, type FuzzDatabase, SYSTEM_DATABASE, type World } from './world.ts';

const DATABASES_MAX = 6;
const USERS_MAX = 6;

export const databaseOperations: readonly Operation[] = [
  { weight: 2, run: createDatabase },
  { weight: 0.4, run: dropDatabase },
  { weight: 0.4, run: makeDatabaseAnew },
];

export async function createDatabase(world: World): Promise<string | undefined> {
  const { dice } = world;
  if (world.databases.length >= DATABASES_MAX) return undefined;
  const name = dice.pick([
    world.newName('db'),
    world.newName('db ü%?'),
    world.newName('データ'),
    world.newName('a.b$#&=+'),
  ]);
  world.databases.push(await make(world, name));
  return `create database ${name}`;
}

async function make(world: World, name: string): Promise<FuzzDatabase> {
  const { dice } = world;
  const isOneShard = world.isCluster && dice.oneIn(4);
  const replicationFactor = dice.between(1, 3);
  const options = world.isCluster
    ? {
        replicationFactor,
        writeConcern: dice.between(1, replicationFactor),
        ...(isOneShard ? { sharding: 'single' } : {}),
      }
    : {};
  const user = world.users.length < USERS_MAX && dice.oneIn(3) ? world.newName('owner') : undefined;
  const users = user === undefined ? {} : { users: [{ username: user, passwd: `of ${name}`, extra: { of: name } }] };
  await call(world, {
    method: 'POST',
    path: '/_api/database',
    body: { name, options, ...users },
    mayFailWith: DONE_BEFORE.made,
  });
  if (user !== undefined) world.users.push(user);
  return emptyDatabase(name, isOneShard);
}

function mayGo({ open }: World): (database: FuzzDatabase) => boolean {
  return ({ name }) => name !== SYSTEM_DATABASE && !open.some(({ database }) => database === name);
}

async function drop(world: World, { name }: FuzzDatabase): Promise<void> {
  const path = `/_api/database/${encodeURIComponent(name)}`;
  await call(world, { method: 'DELETE', path, mayFailWith: DONE_BEFORE.gone });
}

async function dropDatabase(world: World): Promise<string | undefined> {
  const database = world.databases.length < 4 ? undefined : world.someDatabase(mayGo(world));
  if (database === undefined) return undefined;
  await drop(world, database);
  world.databases.splice(world.databases.indexOf(database), 1);
  return `drop database ${database.name}`;
}

/** Dropped and made again under the same name before anybody looked. */
async function makeDatabaseAnew(world: World): Promise<string | undefined> {
  const old = world.databases.length < 3 ? undefined : world.someDatabase(mayGo(world));
  if (old === undefined) return undefined;
  const { name, collections } = old;
  await drop(world, old);
  const fresh = await make(world, name);
  world.databases.splice(world.databases.indexOf(old), 1, fresh);
  const names = collections.slice(0, world.dice.below(3)).map((collection) => collection.name);
  for (const collection of names) await makeCollection(world, fresh, collection);
  return `drop and make anew database ${name}${names.length > 0 ? ` with ${names.join()}` : ''}`;
}
