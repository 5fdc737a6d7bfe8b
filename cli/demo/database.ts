import { Database } from 'arangojs';
import type { DataSet } from './data-set.ts';
import type { Datacenter } from './datacenter.ts';

export const DATABASE = 'flights';
const BULK = 2_000;

/** A connection to a datacenter's coordinators as `root`. */
export function connectDatabase(datacenter: Datacenter, name = DATABASE): Database {
  return new Database({
    url: [...datacenter.endpoints],
    databaseName: name,
    auth: { username: 'root', password: datacenter.rootPassword },
    loadBalancingStrategy: 'ROUND_ROBIN',
  });
}

/** Makes the database, the graph and the indexes: vertices in one shard, edges in five, replication factor 2. */
export async function createStructure(system: Database): Promise<Database> {
  const database = await system.createDatabase(DATABASE);
  await database.createCollection('airports', { numberOfShards: 1, replicationFactor: 2 });
  await database.createEdgeCollection('routes', { numberOfShards: 5, replicationFactor: 2 });
  await database.createGraph('air-traffic', [{ collection: 'routes', from: ['airports'], to: ['airports'] }]);
  await database
    .collection('airports')
    .ensureIndex({ type: 'persistent', fields: ['iata'], unique: true, name: 'by-iata' });
  await database
    .collection('routes')
    .ensureIndex({ type: 'persistent', fields: ['distance', 'delay'], name: 'by-distance' });
  return database;
}

/** Writes the data set in bulks and tells how many documents are in after each. */
export async function loadDocuments(
  database: Database,
  data: DataSet,
  loaded: (documents: number) => void,
): Promise<void> {
  let count = 0;
  for (const [name, documents] of [['airports', data.airports] as const, ['routes', data.flights] as const]) {
    for (let at = 0; at < documents.length; at += BULK) {
      const bulk = documents.slice(at, at + BULK);
      await database.collection(name).saveAll([...bulk], { silent: true });
      count += bulk.length;
      loaded(count);
    }
  }
}

/** Documents that a datacenter holds now; 0 for what is not there yet. */
export async function countDocuments(datacenter: Datacenter): Promise<number> {
  const database = connectDatabase(datacenter);
  try {
    const counts = await Promise.all(
      ['airports', 'routes'].map(async (name) => (await database.collection(name).count()).count),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  } catch {
    return 0;
  } finally {
    database.close();
  }
}
