import type { PlannedCollection, PlannedDatabase } from '../cluster/plan.ts';
import { isExcluded } from '../engine/exclusion.ts';
import type { JsonObject } from '../engine/types.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { json, type Reply } from '../http/reply.ts';
import { atLeast, collectionLevel, needDatabase } from '../http/rights.ts';
import { clusterOf } from './cluster-of.ts';

/** `GET /_api/replication/clusterInventory` of a coordinator (reference 5.3). */
export function registerClusterInventory(router: Router): void {
  router.exact('/_api/replication/clusterInventory', { GET: inventory });
}

function inventory(request: ApiRequest): Reply {
  needDatabase(request, 'ro');
  const cluster = clusterOf(request.server);
  const database = cluster.database(request.database);
  const only = request.query.text('collection');
  const includeSystem = request.query.flag('includeSystem', true);
  const includeFoxxQueues = request.query.flag('includeFoxxQueues', false);
  const collections = [...database.collections()].filter((collection) => {
    if (only !== undefined && collection !== database.collection(only)) return false;
    if (only === undefined && isExcluded(collection.name, includeSystem, includeFoxxQueues)) return false;
    return atLeast(collectionLevel(request, collection.name), 'ro');
  });
  return json(200, {
    properties: database.definition,
    collections: collections.map((collection) => element(request, database, collection)),
    views: [...database.views.values()],
    tick: cluster.ids.next(),
    state: 'unused',
  });
}

function element(request: ApiRequest, database: PlannedDatabase, collection: PlannedCollection): object {
  const cluster = clusterOf(request.server);
  const isUp = (id: string) => cluster.dbServerById(id).up;
  return {
    parameters: parameters(request, database, collection),
    indexes: collection.indexes.filter(({ type }) => type !== 'arangosearch'),
    planVersion: 1,
    isReady: collection.shards.every(({ servers: [leader] }) => leader !== undefined && isUp(leader)),
    allInSync: collection.shards.every(({ servers, inSync }) => servers.every((id) => inSync.includes(id))),
  };
}

function parameters(request: ApiRequest, database: PlannedDatabase, collection: PlannedCollection): JsonObject {
  const front = request.server.front.database(database.name)?.collection(collection.name);
  const { statusString: _status, ...described } = front?.describe() ?? {};
  const shards = Object.fromEntries([...(front?.shards() ?? [])].map(([name, servers]) => [name, [...servers]]));
  return { ...described, planId: collection.id, deleted: false, shards };
}
