import type { ArangoDeployment } from '../../replication/arango.ts';

export interface LocalShard {
  /** `s10061`; the collection's name on a single server. */
  readonly name: string;
  /** Id of the leading DB-Server; undefined while none leads. */
  readonly leader: string | undefined;
}

export interface LocalCollection {
  readonly name: string;
  readonly id: string;
  readonly isSystem: boolean;
  /** In the order of the shard index. */
  readonly shards: readonly LocalShard[];
}

export interface LocalDatabase {
  readonly name: string;
  readonly id: string;
  readonly collections: readonly LocalCollection[];
}

interface ClusterInventory {
  readonly properties?: { readonly id?: string };
  readonly collections: readonly {
    readonly parameters: {
      readonly id: string;
      readonly name: string;
      readonly isSystem?: boolean;
      readonly deleted?: boolean;
      readonly shards?: Readonly<Record<string, readonly string[]>>;
    };
  }[];
}

/** Collections, shards and leaders of one database as this deployment has them now. */
export async function readDatabase(
  deployment: ArangoDeployment,
  database: string,
  signal: AbortSignal,
): Promise<LocalDatabase> {
  return deployment.kind === 'cluster'
    ? readClusterDatabase(deployment, database, signal)
    : readSingleDatabase(deployment, database, signal);
}

async function readClusterDatabase(
  { front }: ArangoDeployment,
  database: string,
  signal: AbortSignal,
): Promise<LocalDatabase> {
  const path = '/_api/replication/clusterInventory';
  const query = { includeSystem: true, includeFoxxQueues: true };
  const inventory = await front.json<ClusterInventory>({ method: 'GET', path, database, query, signal });
  const collections = inventory.collections
    .filter(({ parameters }) => parameters.deleted !== true)
    .map(({ parameters: { id, name, isSystem, shards } }) => ({
      id,
      name,
      isSystem: isSystem === true,
      shards: Object.entries(shards ?? {})
        .sort(([a], [b]) => shardNumber(a) - shardNumber(b))
        .map(([shard, servers]) => ({ name: shard, leader: leaderOf(servers) })),
    }));
  const id = inventory.properties?.id ?? (await databaseId(front, database, signal));
  return { name: database, id, collections };
}

/** A server whose id has an underscore before it has resigned: nobody leads. */
function leaderOf([first]: readonly string[]): string | undefined {
  return first === undefined || first === '' || first.startsWith('_') ? undefined : first;
}

/** Shards are numbered in the order of their ids, as the server hashes keys to them. */
function shardNumber(name: string): number {
  return Number(name.replace(/^\D+/, ''));
}

async function readSingleDatabase(
  deployment: ArangoDeployment,
  database: string,
  signal: AbortSignal,
): Promise<LocalDatabase> {
  const [server] = await deployment.dbServers(signal);
  const path = '/_api/collection';
  const { result } = await deployment.front.json<{ result: { id: string; name: string; isSystem: boolean }[] }>({
    method: 'GET',
    path,
    database,
    signal,
  });
  const collections = result.map(({ id, name, isSystem }) => ({
    id,
    name,
    isSystem,
    shards: [{ name, leader: server?.id }],
  }));
  return { name: database, id: await databaseId(deployment.front, database, signal), collections };
}

async function databaseId(front: ArangoDeployment['front'], database: string, signal: AbortSignal): Promise<string> {
  const path = '/_api/database/current';
  const { result } = await front.json<{ result: { id: string } }>({ method: 'GET', path, database, signal });
  return result.id;
}
