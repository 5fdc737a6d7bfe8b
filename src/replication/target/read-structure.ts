import type { ArangoDeployment } from '../arango.ts';
import { IndexDefinition } from '../inventory.ts';
import { type AnalyzerDefinition, readAnalyzers, readViews, type ViewDefinition } from '../search-definitions.ts';

/** A shard of the target with the DB-Server that leads it. */
export interface TargetShard {
  readonly name: string;
  readonly leader: string | undefined;
}

export interface TargetCollection {
  readonly name: string;
  readonly id: string;
  readonly type: number;
  /** As the inventory gives it. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Without the primary and the edge index. */
  readonly indexes: readonly IndexDefinition[];
  /** Shard i of the collection is the i-th: by the number in its name (reference 3.2). */
  readonly shards: readonly TargetShard[];
}

export interface TargetDatabase {
  readonly name: string;
  /** Empty where the inventory does not tell it: of servers before 3.6. */
  readonly id: string;
  readonly collections: ReadonlyMap<string, TargetCollection>;
  readonly analyzers: readonly AnalyzerDefinition[];
  readonly views: readonly ViewDefinition[];
  /** Named graphs with the collections that they are made of; absent where nobody asked for them. */
  readonly graphs?: readonly TargetGraph[];
  /** It holds more than what is looked at here: it must not be dropped with that. */
  readonly holdsOther?: boolean;
}

export interface TargetGraph {
  readonly name: string;
  readonly collections: readonly string[];
}

interface InventoryAnswer {
  readonly properties?: { readonly id?: string };
  readonly collections: readonly {
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly indexes?: readonly unknown[];
  }[];
  readonly views?: readonly { readonly name: string }[];
}

/** Structure of one database of the target, system collections included, as the superuser sees it. */
export async function readTargetDatabase(
  deployment: ArangoDeployment,
  database: string,
  signal: AbortSignal,
): Promise<TargetDatabase> {
  const single = deployment.kind === 'single';
  const answer = single
    ? await singleInventory(deployment, database, signal)
    : await deployment.front.json<InventoryAnswer>({
        method: 'GET',
        path: '/_api/replication/clusterInventory',
        database,
        query: { includeSystem: true },
        signal,
      });
  const leader = single ? (await deployment.dbServers(signal))[0]?.id : undefined;
  const collections = answer.collections.map((entry) => collectionOf(entry, leader));
  const names = (answer.views ?? []).map(({ name }) => name);
  return {
    name: database,
    id: answer.properties?.id ?? '',
    collections: new Map(collections.map((collection) => [collection.name, collection])),
    analyzers: await readAnalyzers(deployment.front, database, signal),
    views: await readViews(deployment.front, database, names, signal),
  };
}

/** A single server tells its inventory only at a snapshot (reference 5.2). */
async function singleInventory(
  deployment: ArangoDeployment,
  database: string,
  signal: AbortSignal,
): Promise<InventoryAnswer> {
  const { front } = deployment;
  const path = '/_api/replication/batch';
  const { id } = await front.json<{ id: string }>({ method: 'POST', path, database, body: { ttl: 60 }, signal });
  try {
    return await front.json<InventoryAnswer>({
      method: 'GET',
      path: '/_api/replication/inventory',
      database,
      query: { batchId: id, includeSystem: true, includeFoxxQueues: true },
      signal,
    });
  } finally {
    await front.request({ method: 'DELETE', path: `${path}/${id}`, database, repeatable: true });
  }
}

function collectionOf(
  entry: InventoryAnswer['collections'][number],
  singleLeader: string | undefined,
): TargetCollection {
  const { parameters } = entry;
  const name = String(parameters.name);
  return {
    name,
    id: String(parameters.id ?? parameters.cid ?? parameters.planId),
    type: Number(parameters.type),
    parameters,
    indexes: (entry.indexes ?? []).map((index) => IndexDefinition.parse(index)),
    shards: singleLeader === undefined ? shardsOf(parameters.shards) : [{ name, leader: singleLeader }],
  };
}

function shardsOf(shards: unknown): TargetShard[] {
  if (typeof shards !== 'object' || shards === null) return [];
  return Object.entries(shards)
    .map(([name, servers]: [string, unknown]) => ({ name, leader: leaderIn(servers) }))
    .sort((a, b) => Number(a.name.slice(1)) - Number(b.name.slice(1)));
}

/** A server that resigned stands there with a leading underscore (reference 2.8). */
function leaderIn(servers: unknown): string | undefined {
  const first: unknown = Array.isArray(servers) ? servers[0] : undefined;
  return typeof first === 'string' && first !== '' && !first.startsWith('_') ? first : undefined;
}
