import type { DumpContext } from '../engine/dump-contexts.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import { needObject } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { bytes, DUMP_TYPE, empty, type Reply } from '../http/reply.ts';
import { nameOf, needCollection } from '../http/rights.ts';
import { demandEngine } from './replication-engine.ts';

const BATCH_BYTES_DEFAULT = 16 * 1024;
const BATCH_BYTES_MAX = 1024 * 1024 * 1024;
const BATCH_DOCUMENTS_DEFAULT = 1_000;
const BATCH_DOCUMENTS_MAX = 1_000_000;
const TTL_DEFAULT_S = 600;

/** `/_api/dump/*`: the parallel dump of arangodump (5.6), on single servers and DB-Servers. */
export function registerDump(router: Router): void {
  if (!router.server.features.parallelDump) return;
  router.exact('/_api/dump/start', { POST: start });
  router.prefix('/_api/dump/next', { POST: next });
  router.prefix('/_api/dump', { DELETE: end });
}

function start(request: ApiRequest): Reply {
  const user = callerOf(request);
  const engine = demandEngine(request);
  const options = needObject(request, 10);
  const shards = namesIn(options.shards).map((name) => engine.demandCollection(request.database, name));
  for (const shard of shards) needCollection(request, shard.name, 'ro');
  const context = engine.dumps.start({
    database: request.database,
    user,
    shards,
    batchSize: limited(options, 'batchSize', BATCH_BYTES_DEFAULT, BATCH_BYTES_MAX),
    documentsPerBatch: limited(options, 'docsPerBatch', BATCH_DOCUMENTS_DEFAULT, BATCH_DOCUMENTS_MAX),
    ttlSeconds: limited(options, 'ttl', TTL_DEFAULT_S, Number.MAX_SAFE_INTEGER),
  });
  return empty(201, { 'X-Arango-Dump-Id': context.id });
}

function next(request: ApiRequest): Reply {
  const context = contextOf(request);
  const { query } = request;
  if (!query.has('batchId')) throw new ArangoApiError(10, 'missing parameter batchId');
  if (query.has('lastBatch')) context.free(query.integer('lastBatch', 0));
  const batch = context.batch(query.integer('batchId', 0));
  if (batch === undefined) return bytes(204, DUMP_TYPE, []);
  return bytes(200, DUMP_TYPE, batch.body, {
    'X-Arango-Dump-Shard-Id': batch.shard,
    'X-Arango-Dump-Block-Counts': '0',
  });
}

function end(request: ApiRequest): Reply {
  demandEngine(request).dumps.end(contextOf(request));
  return empty(200);
}

function contextOf(request: ApiRequest): DumpContext {
  const user = callerOf(request);
  const [id = ''] = request.suffix;
  const context = demandEngine(request).dumps.get(id);
  if (context === undefined) throw new ArangoApiError(404, 'requested dump context not found');
  if (context.options.database !== request.database || context.options.user !== user) throw new ArangoApiError(11);
  return context;
}

/** Straight to a DB-Server the superuser says for whom he acts. */
function callerOf(request: ApiRequest): string {
  if (request.server.role !== 'dbserver') return nameOf(request.identity);
  const user = request.headers['x-arango-dump-auth-user'];
  if (typeof user !== 'string' || user === '') throw new ArangoApiError(10, 'missing header x-arango-dump-auth-user');
  return user;
}

function namesIn(value: Json | undefined): string[] {
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    throw new ArangoApiError(10, 'expecting shards to be an array of names');
  }
  return value;
}

function limited(options: JsonObject, name: string, byDefault: number, most: number): number {
  const value = options[name];
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || value < 1) throw new ArangoApiError(10, `invalid value for ${name}`);
  return Math.min(value, most);
}
