import { needObject } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { bytes, json, merged, type Reply, result } from '../http/reply.ts';
import { needAdmin, needAdminByGrant } from '../http/rights.ts';
import { metricsText } from './admin-metrics.ts';
import { status } from './admin-status.ts';
import { ROLE_NAMES } from './version-details.ts';

/** `/_admin/server/…` and what else tells about one server (reference 2.2, 2.4, 2.5, 2.7). */
export function registerAdmin(router: Router): void {
  router.prefix('/_admin/server', { GET: serverInfo, PUT: changeServer });
  const every = (handler: (request: ApiRequest) => Reply) => {
    return { GET: handler, POST: handler, PUT: handler, PATCH: handler, DELETE: handler };
  };
  router.exact('/_admin/time', every(time));
  router.exact('/_admin/status', every(status));
  const { features } = router.server;
  if (features.deploymentId) {
    router.exact('/_admin/deployment/id', { GET: (request) => json(200, { id: request.server.deployment.id }) });
  }
  if (features.optionsPublic) router.exact('/_admin/options-public', { GET: optionsPublic });
  router.exact('/_admin/license', { GET: license });
  router.exact('/_admin/metrics', { GET: metrics });
  router.exact('/_admin/metrics/v2', { GET: metrics });
  router.exact('/_admin/wal/flush', { PUT: flush });
  if (features.keyGeneratorsCall) router.exact('/_api/key-generators', { GET: keyGenerators });
  router.exact('/_api/endpoint', { GET: endpoint });
}

function serverInfo(request: ApiRequest): Reply {
  const { server } = request;
  const [what] = request.suffix;
  if (request.suffix.length !== 1) throw new ArangoApiError(404);
  switch (what) {
    case 'role':
      return merged(200, { role: ROLE_NAMES[server.role], mode: 'default' });
    case 'id':
      if (server.role === 'single') throw new ArangoApiError(500, 'this is not a cluster server');
      return merged(200, { id: server.id });
    case 'mode':
    case 'availability':
      return merged(200, { mode: modeOf(request) });
    case 'databaseDefaults':
      return merged(200, { sharding: '', replicationFactor: 1, writeConcern: 1, replicationVersion: '1' });
    case 'jwt':
      return jwt(request);
    default:
      throw new ArangoApiError(404);
  }
}

function modeOf(request: ApiRequest): 'default' | 'readonly' {
  return request.server.readOnly ? 'readonly' : 'default';
}

function jwt(request: ApiRequest): Reply {
  needAdmin(request);
  return result(200, { active: {}, passive: [] });
}

function changeServer(request: ApiRequest): Reply {
  if (request.suffix.length !== 1) throw new ArangoApiError(404);
  if (request.suffix[0] !== 'mode') throw new ArangoApiError(405);
  needAdminByGrant(request);
  const { mode } = needObject(request, 400, 'expecting object with "mode" attribute');
  if (mode !== 'default' && mode !== 'readonly') throw new ArangoApiError(400, 'mode must be "default" or "readonly"');
  request.server.deployment.setReadOnly(mode === 'readonly');
  return merged(200, { mode });
}

function time(request: ApiRequest): Reply {
  return merged(200, { time: request.server.deployment.environment.now() / 1000 });
}

/** What a server tells any user of its options, by the limits of this one. */
function optionsPublic(request: ApiRequest): Reply {
  const { auth } = request.server.deployment;
  return json(200, {
    'cluster.api-jwt-policy': 'jwt-compat',
    'cluster.default-replication-factor': 1,
    'cluster.max-number-of-shards': 1000,
    'cluster.max-replication-factor': 10,
    'cluster.min-replication-factor': 1,
    'cluster.force-one-shard': false,
    'database.extended-names': request.server.features.extendedNames,
    'server.authentication': auth.enabled,
    'server.session-timeout': auth.sessionTimeoutSeconds,
  });
}

const GIB_100 = 100 * 1024 ** 3;

function license(request: ApiRequest): Reply {
  const { storageIfAny, features } = request.server;
  if (!features.diskUsageInLicense) return json(200, {});
  let bytesUsed = 0;
  for (const database of storageIfAny?.databases() ?? []) {
    for (const collection of database.collections()) bytesUsed += collection.documentBytes;
  }
  return json(200, {
    upgrading: false,
    diskUsage: {
      bytesUsed,
      bytesLimit: GIB_100,
      limitReached: false,
      secondsUntilReadOnly: 0,
      secondsUntilShutDown: 0,
      status: 'good',
    },
  });
}

function metrics(request: ApiRequest): Reply {
  return bytes(200, 'text/plain; version=0.0.4; charset=utf-8', [Buffer.from(metricsText(request.server))]);
}

function flush(request: ApiRequest): Reply {
  needAdmin(request);
  request.server.storageIfAny?.sync();
  return merged(200, {});
}

function keyGenerators(): Reply {
  return json(200, { keyGenerators: ['upgrade', 'padded', 'uuid', 'autoincrement', 'traditional'] });
}

function endpoint(request: ApiRequest): Reply {
  return json(200, [{ endpoint: request.server.endpoint }]);
}
