import { createHash } from 'node:crypto';
import type { ShardRef } from '../../wire/shards.ts';
import type { ArangoDeployment } from '../arango.ts';
import type { Inventory, SourceCollection, SourceDatabase, SourceShard } from '../inventory.ts';
import { shardKey } from '../markers.ts';
import { readAnalyzers, readViews } from '../search-definitions.ts';
import { shardingOf } from '../sharding.ts';
import { judgeCollection } from './exclusions.ts';
import { type RawInventory, type RawParameters, withInventoryReader } from './raw-inventory.ts';
import type { UsersTold } from './told-users.ts';

/** Where a shard is to be read. */
export interface ShardPlace {
  readonly database: string;
  readonly collection: string;
  readonly collectionId: string;
  /** On its server: `s10061`, or the collection's name on a single server. */
  readonly shard: string;
  readonly cuid: string;
  readonly leader: string | undefined;
  /** How the collection is cut. */
  readonly sharding: { readonly shards: number; readonly keys: readonly string[]; readonly strategy: string };
}

/** The source's structure at one moment, and where its shards are. */
export interface Topology {
  readonly inventory: Inventory;
  /** Changes when something did that the target has to know: not with `takenAt` or a counter. */
  readonly fingerprint: string;
  /** Databases that did not answer, each with the reason. */
  readonly unanswered: ReadonlyMap<string, string>;
  /** Key of `_system/_users` in the logs; undefined while `_system` does not answer. */
  readonly usersKey: string | undefined;
  place(shard: ShardRef): ShardPlace | undefined;
  /** Whether a server holds a shard, leading or following, replicated by us or not. */
  holds(dbServer: string, cuid: string): boolean;
}

const REPLICATION_TWO = 'database with replication version 2: its log cannot be followed';

/** Asks every database, and `users`. A database that does not answer makes the inventory incomplete, nothing else. */
export async function takeTopology(
  deployment: ArangoDeployment,
  now: () => number,
  signal: AbortSignal,
  users: (signal: AbortSignal) => Promise<UsersTold> = async () => ({}),
): Promise<Topology> {
  const { version } = await deployment.front.json<{ version: string }>({
    method: 'GET',
    path: '/_api/version',
    signal,
  });
  const names = await deployment.databases(signal);
  const self = deployment.kind === 'single' ? (await deployment.dbServers(signal))[0]?.id : undefined;
  const holders = new Map<string, Set<string>>();
  const unanswered = new Map<string, string>();
  const databases: SourceDatabase[] = [];
  let usersKey: string | undefined;
  await withInventoryReader(deployment, signal, async (read) => {
    for (const name of names) {
      try {
        const raw = await read(name);
        if (name === '_system') usersKey = usersKeyOf(raw, self);
        databases.push({ ...databaseOf(name, raw, self, holders), ...(await searchOf(deployment, name, raw, signal)) });
      } catch (error) {
        signal.throwIfAborted();
        unanswered.set(name, error instanceof Error ? error.message : String(error));
      }
    }
  });
  const inventory: Inventory = {
    deploymentId: deployment.id,
    kind: deployment.kind,
    version,
    takenAt: new Date(now()).toISOString(),
    complete: unanswered.size === 0,
    databases,
    ...(await users(signal)),
  };
  return new TakenTopology(inventory, unanswered, holders, usersKey);
}

class TakenTopology implements Topology {
  readonly inventory: Inventory;
  readonly fingerprint: string;
  readonly unanswered: ReadonlyMap<string, string>;
  readonly usersKey: string | undefined;
  readonly #holders: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #places = new Map<string, ShardPlace>();

  constructor(
    inventory: Inventory,
    unanswered: ReadonlyMap<string, string>,
    holders: ReadonlyMap<string, ReadonlySet<string>>,
    usersKey: string | undefined,
  ) {
    this.usersKey = usersKey;
    this.inventory = inventory;
    this.unanswered = unanswered;
    this.#holders = holders;
    this.fingerprint = fingerprintOf(inventory);
    for (const database of inventory.databases) {
      for (const collection of database.collections) this.#addPlaces(database.name, collection);
    }
  }

  place({ database, collection, shardIndex }: ShardRef): ShardPlace | undefined {
    return this.#places.get(JSON.stringify([database, collection, shardIndex]));
  }

  holds(dbServer: string, cuid: string): boolean {
    return this.#holders.get(cuid)?.has(dbServer) ?? false;
  }

  #addPlaces(database: string, { name, id, parameters, shards }: SourceCollection): void {
    const sharding = shardingOf(parameters, shards.length);
    for (const { index, name: shard, cuid, leader } of shards) {
      const place = { database, collection: name, collectionId: id, shard, cuid, leader, sharding };
      this.#places.set(JSON.stringify([database, name, index]), place);
    }
  }
}

function databaseOf(
  name: string,
  raw: RawInventory,
  self: string | undefined,
  holders: Map<string, Set<string>>,
): SourceDatabase {
  const { id = name, sharding, replicationFactor, writeConcern, replicationVersion } = raw.properties ?? {};
  const collections: SourceCollection[] = [];
  const excluded: { name: string; reason: string }[] = [];
  for (const { parameters, indexes } of raw.collections) {
    if (parameters.deleted === true) continue;
    const shards = shardsOf(parameters, self, holders);
    const verdict = replicationVersion === '2' ? undefined : judgeCollection(traitsOf(parameters));
    if (verdict?.kind === 'replicated') {
      collections.push(collectionOf(parameters, verdict.targetName, indexes, shards));
    } else {
      excluded.push({ name: parameters.name, reason: verdict?.reason ?? REPLICATION_TWO });
    }
  }
  if (replicationVersion === '2' && excluded.length === 0) excluded.push({ name: '*', reason: REPLICATION_TWO });
  return {
    name,
    id,
    ...(sharding === undefined ? {} : { sharding }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(writeConcern === undefined ? {} : { writeConcern }),
    collections,
    excluded,
  };
}

async function searchOf(
  { front }: ArangoDeployment,
  database: string,
  { properties, views = [] }: RawInventory,
  signal: AbortSignal,
): Promise<Pick<SourceDatabase, 'analyzers' | 'views'>> {
  if (properties?.replicationVersion === '2') return {};
  const names = views.map(({ name }) => name);
  return {
    analyzers: await readAnalyzers(front, database, signal),
    views: await readViews(front, database, names, signal),
  };
}

function usersKeyOf({ collections }: RawInventory, self: string | undefined): string | undefined {
  const parameters = collections.find((collection) => collection.parameters.name === '_users')?.parameters;
  if (parameters === undefined) return undefined;
  const [shard] = shardsOf(parameters, self, new Map());
  return shard === undefined ? undefined : shardKey('_system', shard.cuid);
}

function traitsOf({ name, type, isSystem, isSmart = false, isSmartChild = false }: RawParameters) {
  return { name, type, isSystem, isSmart, isSmartChild };
}

function collectionOf(
  parameters: RawParameters,
  targetName: string,
  indexes: SourceCollection['indexes'],
  shards: readonly SourceShard[],
): SourceCollection {
  const { id, planId, cid, globallyUniqueId, objectId, shards: _shards, ...kept } = parameters;
  return {
    name: parameters.name,
    targetName,
    id,
    globallyUniqueId: globallyUniqueId ?? `c${planId ?? id}/`,
    parameters: kept,
    indexes,
    shards: [...shards],
  };
}

/** Shard i is the i-th by the number in its name: so servers order them when they hash keys (reference 3.2). */
function shardsOf(
  parameters: RawParameters,
  self: string | undefined,
  holders: Map<string, Set<string>>,
): SourceShard[] {
  const { id, planId = id, name, globallyUniqueId = name, shards } = parameters;
  if (self !== undefined) {
    holders.set(globallyUniqueId, new Set([self]));
    return [{ index: 0, name, cuid: globallyUniqueId, leader: self }];
  }
  const names = Object.keys(shards ?? {}).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  return names.map((shard, index) => {
    const servers = shards?.[shard] ?? [];
    const cuid = `c${planId}/${shard}`;
    holders.set(cuid, new Set(servers.map((server) => server.replace(/^_/, ''))));
    const [leader] = servers;
    const isLed = leader !== undefined && leader !== '' && !leader.startsWith('_');
    return { index, name: shard, cuid, ...(isLed ? { leader } : {}) };
  });
}

/** What changes without meaning anything for the target. */
const COUNTERS = new Set(['takenAt', 'lastValue', 'selectivityEstimate', 'version', 'status', 'statusString']);

function fingerprintOf(inventory: Inventory): string {
  const text = JSON.stringify(inventory, (key, value: unknown) => (COUNTERS.has(key) ? undefined : value));
  return createHash('sha256').update(text).digest('base64');
}
