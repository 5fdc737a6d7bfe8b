import { type Call, call } from './calls.ts';
import { documentOf, documentsAt, MAY_REFUSE, UNIQUE_VALUES } from './document-text.ts';
import type { Operation } from './operation.ts';
import type { FuzzCollection, OpenTransaction, World } from './world.ts';

const OPEN_MAX = 2;
/** What becomes of a transaction whose leaders moved, or that was ended by an answer that got lost. */
const GONE = [1653, 1654, 1655, 1650, 404];

/** Streaming transactions: done in one go, or open while others write. */
export const transactionOperations: readonly Operation[] = [
  { weight: 5, run: transaction },
  { weight: 3, run: beginLong },
  { weight: 4, run: writeInLong },
  { weight: 2.5, run: endLong },
];

const isByKey = ({ shardedBy }: FuzzCollection) => shardedBy === '_key';

async function begin(world: World): Promise<OpenTransaction | undefined> {
  const { dice } = world;
  const database = world.someDatabase(({ collections }) => collections.some(isByKey));
  if (database === undefined) return undefined;
  const byKey = database.collections.filter(isByKey);
  const collections = [...new Set([dice.pick(byKey), dice.pick(byKey), dice.pick(byKey)])];
  const { body } = await call(world, {
    method: 'POST',
    path: '/_api/transaction/begin',
    database: database.name,
    body: { collections: { write: collections.map(({ name }) => name) }, waitForSync: dice.oneIn(6) },
  });
  return { id: String(JSON.parse(body).result.id), database: database.name, collections, written: new Map() };
}

/** Writes to up to three collections of one database at once; some are broken off, some empty a collection first. */
async function transaction(world: World): Promise<string | undefined> {
  const { dice } = world;
  const begun = await begin(world);
  if (begun === undefined) return undefined;
  const isCommitted = !dice.oneIn(4);
  let isGone = false;
  for (const collection of begun.collections) {
    const steps = [insertion(world, begun, collection), removal(world, collection)];
    if (dice.oneIn(15) && !world.isHeld(collection)) steps.unshift(truncation(collection));
    for (const step of steps) isGone ||= !(await within(world, begun, step));
  }
  const done = await end(world, begun, isCommitted && !isGone);
  return `transaction over ${begun.collections.length} collections of ${begun.database}: ${done}`;
}

async function beginLong(world: World): Promise<string | undefined> {
  if (world.open.length >= OPEN_MAX) return undefined;
  const begun = await begin(world);
  if (begun === undefined) return undefined;
  world.open.push(begun);
  return `begin a transaction over ${begun.collections.length} collections of ${begun.database}`;
}

/** Only to documents that nobody else knows: a lock on another one would stop who wants to write it. */
async function writeInLong(world: World): Promise<string | undefined> {
  const { dice } = world;
  if (world.open.length === 0) return undefined;
  const chosen = dice.pick(world.open);
  const collection = dice.pick(chosen.collections);
  const keys = chosen.written.get(collection) ?? [];
  const step =
    keys.length === 0 || dice.oneIn(2) ? insertion(world, chosen, collection) : change(world, collection, keys);
  await within(world, chosen, step);
  return `write in a transaction of ${chosen.database}`;
}

async function endLong(world: World): Promise<string | undefined> {
  if (world.open.length === 0) return undefined;
  const chosen = world.dice.pick(world.open);
  world.open.splice(world.open.indexOf(chosen), 1);
  return `end a transaction of ${chosen.database}: ${await end(world, chosen, !world.dice.oneIn(3))}`;
}

/** None may be open when both sides are compared. */
export async function endAll(world: World): Promise<void> {
  for (const open of world.open.splice(0)) await end(world, open, true);
}

type Step = Pick<Call, 'method' | 'path' | 'body'>;

function insertion(world: World, { written }: OpenTransaction, collection: FuzzCollection): Step {
  const keys = Array.from({ length: world.dice.between(1, 30) }, () => world.newKey());
  written.set(collection, [...(written.get(collection) ?? []), ...keys]);
  const documents = keys.map((key) => documentOf(world, collection, key));
  return { method: 'POST', path: documentsAt(collection.name), body: `[${documents.join(',')}]` };
}

function removal(world: World, collection: FuzzCollection): Step {
  return { method: 'DELETE', path: documentsAt(collection.name), body: world.someKeys(collection, 5) };
}

function change({ dice }: World, { name }: FuzzCollection, keys: readonly string[]): Step {
  const key = () => dice.pick(keys);
  if (dice.oneIn(3)) return { method: 'DELETE', path: documentsAt(name), body: [key()] };
  const body = [key(), key()].map((_key) => ({ _key, u: dice.below(UNIQUE_VALUES) }));
  return { method: 'PATCH', path: documentsAt(name), body };
}

function truncation({ name }: FuzzCollection): Step {
  return { method: 'PUT', path: `/_api/collection/${encodeURIComponent(name)}/truncate` };
}

/** Tells whether the transaction lives on: it does not outlive a move of its leaders, nor its collection. */
async function within(world: World, { id, database }: OpenTransaction, step: Step): Promise<boolean> {
  const headers = { 'x-arango-trx-id': id };
  const mayFailWith = [...MAY_REFUSE, ...GONE, 18, 1200, 1203, 1228, 1652];
  return (await call(world, { database, headers, ...step, mayFailWith })).done;
}

async function end(world: World, { id, database, written }: OpenTransaction, isCommitted: boolean): Promise<string> {
  const { done } = await call(world, {
    method: isCommitted ? 'PUT' : 'DELETE',
    path: `/_api/transaction/${id}`,
    database,
    mayFailWith: [...GONE, 18, 1200, 1203, 1210, 1228],
  });
  if (!isCommitted || !done) return isCommitted ? 'lost' : 'aborted';
  // A key that is not there is refused where it is used next, which is allowed.
  for (const [collection, keys] of written) collection.keys.push(...keys);
  return 'committed';
}
