import type { ArangoDeployment } from '../../replication/arango.ts';
import type { ListedDatabase, ListedDatacenter } from '../../wire/shard-listing.ts';
import { type LocalCollection, type LocalDatabase, readDatabase } from './local-structure.ts';
import { type Side, sourceName } from './replicated-names.ts';

/** Databases read at once. */
const databasesAtOnce = 8;

/** The structure of this datacenter under the source's names; a database that cannot be read says so in `error`. */
export async function listDatacenter(
  deployment: ArangoDeployment,
  side: Side,
  signal: AbortSignal,
): Promise<ListedDatacenter> {
  const queue = [...(await deployment.databases(signal))].sort();
  const databases: Record<string, ListedDatabase> = {};
  const readers = Array.from({ length: databasesAtOnce }, async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      databases[name] = await listDatabase(deployment, name, side, signal);
    }
  });
  await Promise.all(readers);
  return { id: deployment.id, databases };
}

async function listDatabase(
  deployment: ArangoDeployment,
  name: string,
  side: Side,
  signal: AbortSignal,
): Promise<ListedDatabase> {
  try {
    return toListed(await readDatabase(deployment, name, signal), side);
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    return { database_id: '', collections: {}, excluded_collections: {}, error: message };
  }
}

function toListed({ id, collections }: LocalDatabase, side: Side): ListedDatabase {
  const listed: ListedDatabase = { database_id: id, collections: {}, excluded_collections: {}, error: '' };
  for (const collection of collections) {
    const name = sourceName(collection.name, collection.isSystem, side);
    if (name === undefined) listed.excluded_collections[collection.name] = toListedCollection(collection);
    else listed.collections[name] = toListedCollection(collection);
  }
  return listed;
}

function toListedCollection({ id, shards }: LocalCollection): ListedDatabase['collections'][string] {
  return {
    collection_id: id,
    shards: Object.fromEntries(shards.map(({ name }, index) => [String(index), { ID: name }])),
  };
}
