import type { Cluster } from '../cluster/cluster.ts';
import { describeSpread } from '../cluster/describe.ts';
import type { PlannedCollection } from '../cluster/plan.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import type { Features } from '../versions/features.ts';
import { healthOf } from './cluster-health.ts';
import { agencyEndpoint, clusterOf } from './cluster-of.ts';

/** The part under `arango/` that the servers themselves keep (reference 2.8), as it is now. */
export function agencyTree(request: ApiRequest): JsonObject {
  const cluster = clusterOf(request.server);
  const { deployment } = request.server;
  return {
    Cluster: deployment.id,
    ClusterUpgradeVersion: versionNumber(deployment.version),
    InitDone: true,
    SystemCollectionsCreated: true,
    Readonly: deployment.readOnly,
    Plan: planTree(cluster, request.server.features),
    Current: currentTree(request, cluster),
    Supervision: {
      Health: entries(cluster.nodes(), (node) => [node.id, healthOf(request, node)]),
      State: {
        Mode: cluster.maintenance ? 'Maintenance' : 'Normal',
        Timestamp: new Date(deployment.environment.now()).toISOString(),
      },
    },
    Sync: { LatestID: Number(cluster.ids.last), UserVersion: 1, ServerStates: {} },
    Target: targetTree(cluster),
  };
}

/** 3.12.10 → 31210. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major * 10_000 + minor * 100 + patch;
}

function planTree(cluster: Cluster, features: Features): JsonObject {
  const databases = [...cluster.plan.databases.values()];
  return {
    Databases: entries(databases, ({ name, definition }) => [name, definition]),
    Collections: entries(databases, (database) => [
      database.name,
      entries([...database.collections()], (collection) => [collection.id, plannedCollection(collection, features)]),
    ]),
    Views: entries(databases, ({ name, views }) => [name, Object.fromEntries(views)]),
    Analyzers: entries(databases, ({ name, analyzersRevision }) => [
      name,
      { revision: analyzersRevision, buildingRevision: analyzersRevision },
    ]),
    DBServers: entries(cluster.dbServers, ({ id }) => [id, 'none']),
    Coordinators: entries(cluster.coordinators, ({ id }) => [id, 'none']),
    Version: cluster.plan.version,
  };
}

/** With primary and edge index, and the prototype's id instead of its name. */
function plannedCollection(collection: PlannedCollection, features: Features): JsonObject {
  const {
    statusString,
    supportsRBAC: _rbac,
    globallyUniqueId: _guid,
    ...described
  } = describeSpread(collection, collection.spread, collection.keys.describe(), features);
  const { distributeShardsLike: like } = collection;
  return {
    ...described,
    statusString: statusString ?? 'loaded',
    deleted: false,
    ...(like === undefined ? {} : { distributeShardsLike: like }),
    indexes: [...builtInIndexes(collection.type), ...collection.indexes],
    shards: entries(collection.shards, ({ name, servers }) => [name, [...servers]]),
  };
}

function builtInIndexes(type: 2 | 3): JsonObject[] {
  const primary = { id: '0', type: 'primary', name: 'primary', fields: ['_key'], unique: true, sparse: false };
  const edge = (id: string, field: string): JsonObject => {
    return { id, type: 'edge', name: 'edge', fields: [field], unique: false, sparse: false };
  };
  return type === 3 ? [primary, edge('1', '_from'), edge('2', '_to')] : [primary];
}

function currentTree(request: ApiRequest, cluster: Cluster): JsonObject {
  const databases = [...cluster.plan.databases.values()];
  const servers = [...cluster.dbServers, ...cluster.coordinators];
  return {
    Collections: entries(databases, (database) => [
      database.name,
      entries([...database.collections()], (collection) => [collection.id, currentShards(collection)]),
    ]),
    Databases: entries(databases, ({ name, id }) => [
      name,
      entries(cluster.dbServers, (node) => [node.id, { error: false, errorNum: 0, errorMessage: '', id, name }]),
    ]),
    ServersKnown: entries(servers, ({ id, rebootId }) => [id, { rebootId }]),
    ServersRegistered: entries(servers, ({ id, endpoint }) => [id, registration(request, endpoint)]),
    DBServers: entries(cluster.dbServers, ({ id }) => [id, 'none']),
    Coordinators: entries(cluster.coordinators, ({ id }) => [id, 'none']),
    Foxxmaster: cluster.coordinators[0]?.id ?? '',
    Version: cluster.plan.currentVersion,
  };
}

function currentShards(collection: PlannedCollection): JsonObject {
  const indexes = [...builtInIndexes(collection.type), ...collection.indexes];
  return entries(collection.shards, ({ name, inSync }) => [
    name,
    { servers: [...inSync], failoverCandidates: [...inSync], indexes, error: false, errorNum: 0, errorMessage: '' },
  ]);
}

function registration(request: ApiRequest, endpoint: string): JsonObject {
  const { version, environment } = request.server.deployment;
  return {
    endpoint: agencyEndpoint(endpoint),
    advertisedEndpoint: '',
    host: 'localhost',
    version: versionNumber(version),
    versionString: version,
    engine: 'rocksdb',
    timestamp: new Date(environment.now()).toISOString(),
  };
}

function targetTree(cluster: Cluster): JsonObject {
  const states: Record<string, Record<string, Json>> = { ToDo: {}, Pending: {}, Finished: {}, Failed: {} };
  for (const { id, state, description, reason } of cluster.jobs.all()) {
    (states[state] as Record<string, Json>)[id] = { ...description, ...(reason === undefined ? {} : { reason }) };
  }
  const named = [...cluster.dbServers, ...cluster.coordinators];
  return {
    ...states,
    MapUniqueToShortID: entries(named, ({ id, shortName }, index) => [
      id,
      { ShortName: shortName, TransactionID: index + 1 },
    ]),
    CleanedServers: [...cluster.cleaned],
  };
}

function entries<T>(items: readonly T[], entry: (item: T, index: number) => [string, Json]): JsonObject {
  return Object.fromEntries(items.map(entry));
}
