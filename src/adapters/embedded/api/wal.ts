import { timeText } from '../engine/clients.ts';
import { type TailAnswer, tailLog } from '../engine/tail.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { bytes, DUMP_TYPE, json, type Reply } from '../http/reply.ts';
import { needAdminByGrant } from '../http/rights.ts';
import { parseRequestClient, trackedDatabases } from './replication-client.ts';
import { demandEngine, flagHeader, tickText } from './replication-engine.ts';

/** `/_api/wal/*` (reference 6.1): admins only, and only where there is a log. Never forwarded by a coordinator. */
export function registerWal(router: Router): void {
  const guarded = (handler: (request: ApiRequest) => Reply) => (request: ApiRequest) => {
    if (request.server.role === 'coordinator') throw new ArangoApiError(1470);
    needAdminByGrant(request);
    return handler(request);
  };
  const unknown = guarded(() => {
    throw new ArangoApiError(400, 'expected GET /_api/wal/[tail,range,lastTick,open-transactions]');
  });
  router.prefix('/_api/wal', { GET: unknown, PUT: unknown, POST: unknown, DELETE: unknown, PATCH: unknown });
  router.exact('/_api/wal/range', { GET: guarded(range) });
  router.exact('/_api/wal/lastTick', { GET: guarded(lastTick) });
  router.exact('/_api/wal/open-transactions', { GET: guarded(() => json(200, [])) });
  const forgets = router.server.features.untracksClients ? { DELETE: guarded(forgetClient) } : {};
  router.exact('/_api/wal/tail', { GET: guarded(tail), PUT: guarded(tail), ...forgets });
}

function range(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const { min, max } = engine.tickRange();
  return json(200, {
    time: timeText(engine.environment.now()),
    tickMin: String(min),
    tickMax: String(max),
    server: serverOf(request),
  });
}

/** Makes the log durable first: whoever got this tick does not lose what came before it (S6). */
function lastTick(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const tick = String(engine.sync());
  return json(200, { time: timeText(engine.environment.now()), tick, server: serverOf(request) });
}

function serverOf(request: ApiRequest): { version: string; serverId: string } {
  return { version: request.server.version, serverId: demandEngine(request).serverId };
}

function tail(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const { query } = request;
  const isGlobal = query.flag('global', false);
  if (isGlobal && request.database !== '_system') throw new ArangoApiError(11);
  const client = parseRequestClient(query);
  const from = query.integer('from', 0);
  engine.clients.track(trackedDatabases(engine, request.database, isGlobal), client, from);
  const { tracksOnly, logShowsSystemShards } = request.server.features;
  if (tracksOnly && query.flag('trackOnly', false)) return bytes(200, DUMP_TYPE, []);
  const name = query.text('collection');
  const answer = tailLog(engine.log, {
    from,
    to: query.has('to') ? query.integer('to', 0) : undefined,
    lastScanned: query.integer('lastScanned', 0),
    chunkSize: query.has('chunkSize') ? query.integer('chunkSize', 0) : undefined,
    database: isGlobal ? undefined : engine.demandDatabase(request.database),
    collection: name === undefined ? undefined : engine.demandCollection(request.database, name),
    includeSystem: query.flag('includeSystem', false),
    includeFoxxQueues: query.flag('includeFoxxQueues', false),
    judgesShardNames: logShowsSystemShards,
  });
  return bytes(answer.body.length === 0 ? 204 : 200, DUMP_TYPE, answer.body, tailHeaders(answer));
}

function tailHeaders(answer: TailAnswer): Record<string, string> {
  return {
    'X-Arango-Replication-Checkmore': flagHeader(answer.checkMore),
    'X-Arango-Replication-Frompresent': flagHeader(answer.fromPresent),
    'X-Arango-Replication-Lastincluded': tickText(answer.lastIncluded),
    'X-Arango-Replication-Lastscanned': tickText(answer.lastScanned),
    'X-Arango-Replication-Lasttick': tickText(answer.lastTick),
  };
}

function forgetClient(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const isGlobal = request.query.flag('global', false);
  engine.clients.untrack(trackedDatabases(engine, request.database, isGlobal), parseRequestClient(request.query));
  return json(200, { error: false, code: 200, result: {} });
}
