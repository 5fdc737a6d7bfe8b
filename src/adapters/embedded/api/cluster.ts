import type { JsonObject } from '../engine/types.ts';
import { needObject } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { merged, type Reply, result } from '../http/reply.ts';
import { needAdmin, needSystemDatabase } from '../http/rights.ts';
import { health } from './cluster-health.ts';
import { agencyEndpoint, clusterOf } from './cluster-of.ts';
import { shardDistribution } from './cluster-shards.ts';

/** `/_api/cluster/*` and `/_admin/cluster/*` (reference 2.6, 2.7). Everything but a coordinator refuses them (1471). */
export function registerCluster(router: Router): void {
  router.exact('/_api/cluster/endpoints', { GET: onCoordinator(endpoints) });
  router.exact('/_admin/cluster/health', { GET: onCoordinator(health) });
  router.exact('/_admin/cluster/shardDistribution', { GET: onCoordinator(shardDistribution) });
  router.exact('/_admin/cluster/numberOfServers', { GET: onCoordinator(numberOfServers) });
  router.exact('/_admin/cluster/maintenance', {
    GET: onCoordinator(readMaintenance),
    PUT: onCoordinator(setMaintenance),
  });
  router.exact('/_admin/cluster/moveShard', { POST: onCoordinator(moveShard) });
  router.exact('/_admin/cluster/resignLeadership', { POST: onCoordinator(resignLeadership) });
  router.exact('/_admin/cluster/cleanOutServer', { POST: onCoordinator(cleanOutServer) });
  router.exact('/_admin/cluster/queryAgencyJob', { GET: onCoordinator(queryJob) });
  router.exact('/_admin/cluster/uniqId', { PUT: onCoordinator(reserveIds) });
}

function onCoordinator(handler: (request: ApiRequest) => Reply): (request: ApiRequest) => Reply {
  return (request) => {
    if (request.server.role !== 'coordinator') throw new ArangoApiError(1471);
    return handler(request);
  };
}

function endpoints(request: ApiRequest): Reply {
  const up = clusterOf(request.server).coordinators.filter((node) => node.running);
  return merged(200, { endpoints: up.map(({ endpoint }) => ({ endpoint: agencyEndpoint(endpoint) })) });
}

function numberOfServers(request: ApiRequest): Reply {
  const { coordinators, dbServers, cleaned } = clusterOf(request.server);
  return merged(200, {
    numberOfDBServers: dbServers.length,
    numberOfCoordinators: coordinators.length,
    cleanedServers: [...cleaned],
  });
}

function readMaintenance(request: ApiRequest): Reply {
  return result(200, clusterOf(request.server).maintenance ? 'Maintenance' : 'Normal');
}

function setMaintenance(request: ApiRequest): Reply {
  needAdmin(request);
  const body = request.body.toString().trim();
  if (body !== '"on"' && body !== '"off"') throw new ArangoApiError(400, 'expecting "on" or "off"');
  const cluster = clusterOf(request.server);
  cluster.maintenance = body === '"on"';
  const word = cluster.maintenance ? 'deactivated' : 'reactivated';
  return merged(200, { warning: `Cluster supervision ${word}.` });
}

function moveShard(request: ApiRequest): Reply {
  needSystemDatabase(request);
  needAdmin(request);
  const cluster = clusterOf(request.server);
  const body = needObject(request);
  const { database = request.database, collection, shard, fromServer, toServer } = body;
  if (![database, collection, shard, fromServer, toServer].every((text) => typeof text === 'string')) {
    throw new ArangoApiError(400, 'expecting database, collection, shard, fromServer, toServer');
  }
  const placed = cluster.supervision.find(database as string, collection as string, shard as string);
  const from = cluster.needDbServer(fromServer as string);
  const to = cluster.needDbServer(toServer as string);
  const about: JsonObject = { database: database as string, collection: placed.collection.id, shard: shard as string };
  return accepted(request, 'moveShard', { ...about, fromServer: from.id, toServer: to.id }, () =>
    cluster.supervision.moveShard(placed, from.id, to.id),
  );
}

function resignLeadership(request: ApiRequest): Reply {
  const cluster = clusterOf(request.server);
  const node = serverInBody(request);
  return accepted(request, 'resignLeadership', { server: node.id }, () => cluster.supervision.resignLeadership(node));
}

function cleanOutServer(request: ApiRequest): Reply {
  const cluster = clusterOf(request.server);
  const node = serverInBody(request);
  return accepted(request, 'cleanOutServer', { server: node.id }, () => cluster.supervision.cleanOut(node));
}

function serverInBody(request: ApiRequest) {
  needSystemDatabase(request);
  needAdmin(request);
  const { server } = needObject(request);
  if (typeof server !== 'string') throw new ArangoApiError(400, "expecting 'server'");
  return clusterOf(request.server).needDbServer(server);
}

function accepted(request: ApiRequest, type: string, about: JsonObject, work: () => void): Reply {
  const id = clusterOf(request.server).jobs.add(type, request.server.id, about, work);
  return merged(202, { id });
}

function queryJob(request: ApiRequest): Reply {
  const id = request.query.text('id');
  if (id === undefined) throw new ArangoApiError(400, "missing parameter 'id'");
  const job = clusterOf(request.server).jobs.find(id);
  if (job === undefined) throw new ArangoApiError(404);
  const { reason } = job;
  return merged(200, {
    id,
    status: job.state,
    job: { ...job.description, ...(reason === undefined ? {} : { reason }) },
  });
}

const IDS_RESERVED_MAX = 1_000_000;

function reserveIds(request: ApiRequest): Reply {
  needAdmin(request);
  const { ids } = clusterOf(request.server);
  const minimum = request.query.text('minimum');
  if (minimum !== undefined) {
    if (!/^[0-9]{1,19}$/.test(minimum)) throw new ArangoApiError(10, "invalid value for 'minimum'");
    ids.raiseTo(minimum);
    return merged(200, { smallest: ids.last.toString(), largest: ids.last.toString() });
  }
  const number = request.query.integer('number', 1);
  if (number < 1 || number > IDS_RESERVED_MAX) throw new ArangoApiError(10, "invalid value for 'number'");
  const smallest = ids.reserve(number);
  return merged(200, { smallest: smallest.toString(), largest: (smallest + BigInt(number - 1)).toString() });
}
