import { call } from './calls.ts';
import { documentAt, documentOf, documentsAt, MAY_REFUSE, UNIQUE_VALUES } from './document-text.ts';
import type { Operation } from './operation.ts';
import type { FuzzCollection, World } from './world.ts';

const BULK_MAX = 120;
/** From here on a truncate is one marker in the log and no removals (reference 6.5). */
const LARGE_TRUNCATE = 33_000;
const LARGE_BULK = 3_000;
const BURST = 12;

/** Writes of one call each. */
export const documentOperations: readonly Operation[] = [
  { weight: 8, run: insertOne },
  { weight: 4, run: changeOne },
  { weight: 3, run: removeOne },
  { weight: 22, run: insert },
  { weight: 10, run: replace },
  { weight: 8, run: update },
  { weight: 9, run: remove },
  { weight: 5, run: exchange },
  { weight: 3, run: burst },
  { weight: 5, run: importDocuments },
  { weight: 2, run: truncate },
  { weight: 2, run: moveBetweenShards },
  { weight: 0.04, run: truncateLarge },
];

async function write(world: World, collection: FuzzCollection, documents: readonly string[]): Promise<void> {
  const { database, name } = collection;
  const { done, body } = await call(world, {
    method: 'POST',
    path: documentsAt(name),
    database,
    query: collection.shardedBy === '_key' ? { overwriteMode: 'replace' } : {},
    body: `[${documents.join(',')}]`,
    mayFailWith: MAY_REFUSE,
  });
  if (!done) return;
  for (const result of JSON.parse(body) as { _key?: string; errorNum?: number; errorMessage?: string }[]) {
    if (result._key !== undefined) collection.keys.push(result._key);
    else if (!MAY_REFUSE.includes(result.errorNum ?? 0)) throw new Error(`${name}: ${JSON.stringify(result)}`);
  }
}

/** A new document, or one over what has its key; keys are made by the caller or by the server. */
async function insertOne(world: World): Promise<string | undefined> {
  const { dice } = world;
  const collection = world.someCollection();
  if (collection === undefined) return undefined;
  const isByKey = collection.shardedBy === '_key';
  const known = isByKey && collection.keys.length > 0 && dice.oneIn(3) ? dice.pick(collection.keys) : undefined;
  const key = known ?? (isByKey && !dice.oneIn(3) ? world.newKey() : undefined);
  const { database, name } = collection;
  const overwriteMode = dice.pick(['replace', 'update', 'ignore', 'conflict']);
  const { done, body } = await call(world, {
    method: 'POST',
    path: documentsAt(name),
    database,
    query: { ...(key === undefined ? {} : { overwriteMode }), waitForSync: dice.oneIn(4) },
    body: documentOf(world, collection, key),
    mayFailWith: MAY_REFUSE,
  });
  if (!done) return `insert into ${database}/${name}: refused`;
  if (known === undefined) collection.keys.push(String(JSON.parse(body)._key));
  return `insert one into ${database}/${name}${known === undefined ? '' : ` over another: ${overwriteMode}`}`;
}

async function changeOne(world: World): Promise<string | undefined> {
  const { dice } = world;
  const collection = world.filledCollection();
  if (collection === undefined) return undefined;
  const { database, name, shardedBy } = collection;
  const key = dice.pick(collection.keys);
  const isReplace = shardedBy === '_key' && dice.oneIn(2);
  const { done } = await call(world, {
    method: isReplace ? 'PUT' : 'PATCH',
    path: documentAt(name, key),
    database,
    ...(isReplace ? {} : { query: { keepNull: dice.oneIn(2), mergeObjects: dice.oneIn(2) } }),
    body: isReplace
      ? documentOf(world, collection, key)
      : { u: dice.below(UNIQUE_VALUES), a0: null, deep: { [dice.below(3)]: 1 } },
    mayFailWith: MAY_REFUSE,
  });
  return `${isReplace ? 'replace' : 'update'} one in ${database}/${name}${done ? '' : ': refused'}`;
}

async function removeOne(world: World): Promise<string | undefined> {
  const collection = world.filledCollection();
  if (collection === undefined) return undefined;
  const { database, name, keys } = collection;
  const key = world.dice.pick(keys);
  await call(world, { method: 'DELETE', path: documentAt(name, key), database, mayFailWith: MAY_REFUSE });
  keys.splice(0, Infinity, ...keys.filter((other) => other !== key));
  return `remove one from ${database}/${name}`;
}

async function insert(world: World): Promise<string | undefined> {
  const { dice } = world;
  const collection = world.someCollection();
  if (collection === undefined) return undefined;
  const isKeyGiven = collection.shardedBy === '_key' && !dice.oneIn(6);
  const keys = Array.from({ length: dice.between(2, BULK_MAX) }, () => (isKeyGiven ? world.newKey() : undefined));
  await write(
    world,
    collection,
    keys.map((key) => documentOf(world, collection, key)),
  );
  return `insert ${keys.length} into ${collection.database}/${collection.name}`;
}

async function replace(world: World): Promise<string | undefined> {
  const collection = world.filledCollection(({ shardedBy }) => shardedBy === '_key');
  if (collection === undefined) return undefined;
  const keys = world.someKeys(collection, 60);
  const { database, name } = collection;
  const body = `[${keys.map((key) => documentOf(world, collection, key)).join(',')}]`;
  await call(world, { method: 'PUT', path: documentsAt(name), database, body, mayFailWith: MAY_REFUSE });
  return `replace ${keys.length} in ${database}/${name}`;
}

async function update(world: World): Promise<string | undefined> {
  const collection = world.filledCollection();
  if (collection === undefined) return undefined;
  const keys = world.someKeys(collection, 40);
  const { database, name } = collection;
  const body = keys.map((_key) => ({ _key, u: world.dice.below(UNIQUE_VALUES), changed: world.dice.below(1_000) }));
  await call(world, { method: 'PATCH', path: documentsAt(name), database, body, mayFailWith: MAY_REFUSE });
  return `update ${keys.length} in ${database}/${name}`;
}

async function remove(world: World): Promise<string | undefined> {
  const collection = world.filledCollection();
  if (collection === undefined) return undefined;
  const keys = world.someKeys(collection, 30);
  await removeKeys(world, collection, keys);
  return `remove ${keys.length} from ${collection.database}/${collection.name}`;
}

async function removeKeys(world: World, collection: FuzzCollection, keys: readonly string[]): Promise<void> {
  const { database, name } = collection;
  await call(world, {
    method: 'DELETE',
    path: documentsAt(name),
    database,
    body: keys,
    mayFailWith: MAY_REFUSE,
  });
  const gone = new Set(keys);
  collection.keys.splice(0, Infinity, ...collection.keys.filter((key) => !gone.has(key)));
}

/** Documents pass on their values of `u` in a ring, in one call or in several: each is free only when its owner has another. */
async function exchange(world: World): Promise<string | undefined> {
  const { dice } = world;
  const isUnique = ({ indexes }: FuzzCollection) => indexes.some(({ type }) => type === 'unique');
  const collection = world.filledCollection(isUnique) ?? world.filledCollection();
  if (collection === undefined) return undefined;
  const { database, name } = collection;
  const read = await call(world, {
    method: 'PUT',
    path: documentsAt(name),
    database,
    query: { onlyget: true },
    body: world.someKeys(collection, 6),
  });
  const found = (JSON.parse(read.body) as { _key?: string; u?: unknown }[]).flatMap(({ _key, u }) =>
    _key === undefined || typeof u !== 'number' ? [] : [{ _key, u }],
  );
  const [first, ...others] = found;
  if (first === undefined || others.length === 0) return undefined;
  // The last one's value is free once it has another: from there backwards, the first one last.
  const ring = [
    { _key: found.at(-1)?._key, u: null },
    ...found
      .slice(0, -1)
      .toReversed()
      .map(({ _key }, index) => ({ _key, u: found[found.length - 1 - index]?.u })),
    { _key: found.at(-1)?._key, u: first.u },
  ];
  const inOneCall = dice.oneIn(2);
  const parts = inOneCall ? [ring] : ring.map((step) => [step]);
  for (const body of parts) {
    await call(world, { method: 'PATCH', path: documentsAt(name), database, body, mayFailWith: MAY_REFUSE });
  }
  return `exchange values of ${found.length} in ${database}/${name}, ${inOneCall ? 'in one call' : 'one by one'}`;
}

/** Many callers at once, partly for the same documents. */
async function burst(world: World): Promise<string | undefined> {
  const { dice } = world;
  const collection = world.filledCollection();
  if (collection === undefined) return undefined;
  const { database, name } = collection;
  const calls = Array.from({ length: BURST }, () => ({
    path: documentAt(name, dice.pick(collection.keys)),
    isRemoval: dice.oneIn(8),
    body: { u: dice.below(UNIQUE_VALUES), burst: dice.below(100) },
  }));
  await Promise.all(
    calls.map(({ path, isRemoval, body }) =>
      call(world, {
        method: isRemoval ? 'DELETE' : 'PATCH',
        path,
        database,
        ...(isRemoval ? {} : { body }),
        mayFailWith: MAY_REFUSE,
      }),
    ),
  );
  return `${BURST} calls at once for ${database}/${name}`;
}

async function importDocuments(world: World): Promise<string | undefined> {
  const { dice } = world;
  const collection = world.someCollection(({ shardedBy }) => shardedBy === '_key');
  if (collection === undefined) return undefined;
  const keys = Array.from({ length: dice.between(5, 80) }, () => world.newKey());
  if (collection.keys.length > 0) keys.push(...world.someKeys(collection, 10));
  const { database, name } = collection;
  const type = dice.pick(['documents', 'list']);
  const overwrite = dice.oneIn(12) && !world.isHeld(collection);
  const onDuplicate = dice.pick(['replace', 'update', 'ignore', 'error']);
  const lines = keys.map((key) => documentOf(world, collection, key));
  await call(world, {
    method: 'POST',
    path: '/_api/import',
    database,
    query: { collection: name, type, onDuplicate, overwrite, complete: dice.oneIn(5) },
    body: type === 'list' ? `[${lines.join(',')}]` : `${lines.join('\n')}\n`,
    mayFailWith: MAY_REFUSE,
  });
  if (overwrite) collection.keys.length = 0;
  collection.keys.push(...keys);
  return `import ${keys.length} into ${database}/${name}: ${onDuplicate}${overwrite ? ', truncated before' : ''}`;
}

const truncateAt = (collection: string) => `/_api/collection/${encodeURIComponent(collection)}/truncate`;

async function truncate(world: World): Promise<string | undefined> {
  const collection = world.filledCollection((each) => !world.isHeld(each));
  if (collection === undefined) return undefined;
  const { database, name } = collection;
  await call(world, { method: 'PUT', path: truncateAt(name), database });
  collection.keys.length = 0;
  return `truncate ${database}/${name}`;
}

/** So many documents that the log has the truncate as one marker. */
async function truncateLarge(world: World): Promise<string | undefined> {
  const collection = world.someCollection(
    (each) => each.shardedBy === '_key' && !each.isEdge && each.indexes.length === 0 && !world.isHeld(each),
  );
  if (collection === undefined) return undefined;
  const { database, name } = collection;
  for (let made = 0; made < LARGE_TRUNCATE; made += LARGE_BULK) {
    const body = Array.from({ length: LARGE_BULK }, () => ({ n: made }));
    await call(world, { method: 'POST', path: documentsAt(name), database, query: { silent: true }, body });
  }
  await call(world, { method: 'PUT', path: truncateAt(name), database });
  collection.keys.length = 0;
  return `truncate ${database}/${name} with over ${LARGE_TRUNCATE} documents`;
}

/** A document that gets another value of the shard key: a removal from one shard and an insertion into another one. */
async function moveBetweenShards(world: World): Promise<string | undefined> {
  const collection = world.filledCollection(({ shardedBy }) => shardedBy === 'k');
  if (collection === undefined) return undefined;
  const keys = world.someKeys(collection, 10);
  await removeKeys(world, collection, keys);
  await write(
    world,
    collection,
    keys.map(() => documentOf(world, collection, undefined)),
  );
  return `move ${keys.length} between shards of ${collection.database}/${collection.name}`;
}
