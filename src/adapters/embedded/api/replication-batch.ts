import { timeText } from '../engine/clients.ts';
import type { StorageEngine } from '../engine/server.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import { objectOrEmpty } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { empty, json, type Reply } from '../http/reply.ts';
import { parseRequestClient } from './replication-client.ts';
import { demandEngine } from './replication-engine.ts';

/** After the batch is deleted, the log is kept for its client only so long (5.1). */
const AFTER_DELETE_TTL_S = 15;

/** `POST /_api/replication/batch`: a snapshot of the whole server (5.1). */
export function createBatch(request: ApiRequest): Reply {
  if (request.suffix.length > 0) throw new ArangoApiError(400, 'superfluous URL parameters');
  const engine = demandEngine(request);
  const client = parseRequestClient(request.query);
  const ttlSeconds = ttlOf(objectOrEmpty(request).ttl);
  const batch = engine.batches.create(ttlSeconds);
  engine.clients.track([request.database], client, batch.lastTick, batch.ttlMs / 1000);
  const answer: Record<string, Json> = { id: batch.id, lastTick: String(batch.lastTick) };
  if (request.query.flag('state', false)) answer.state = loggerState(request, engine, batch.lastTick);
  return json(200, answer);
}

/** `PUT /_api/replication/batch/{id}`: renews it. */
export function extendBatch(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const client = parseRequestClient(request.query);
  const batch = engine.batches.extend(knownBatch(request), ttlOf(objectOrEmpty(request).ttl));
  engine.clients.track([request.database], client, batch.lastTick, batch.ttlMs / 1000);
  return empty(204);
}

export function deleteBatch(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const client = parseRequestClient(request.query);
  const batch = engine.batches.delete(knownBatch(request));
  engine.clients.track([request.database], client, batch.lastTick, AFTER_DELETE_TTL_S);
  return empty(204);
}

/** `GET /_api/replication/logger-state` (5.7). */
export function getLoggerState(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  return json(200, loggerState(request, engine, engine.lastTick));
}

function loggerState(request: ApiRequest, engine: StorageEngine, tick: number): JsonObject {
  return {
    state: logPosition(engine, tick),
    server: { version: request.server.version, serverId: engine.serverId, engine: 'rocksdb' },
    clients: engine.clients.describe(request.database),
  };
}

/** The `state` of logger-state, inventory and batch. */
export function logPosition(engine: StorageEngine, tick: number): JsonObject {
  return {
    running: true,
    lastLogTick: String(tick),
    lastUncommittedLogTick: String(engine.lastTick),
    totalEvents: engine.lastTick,
    time: timeText(engine.environment.now()),
  };
}

function ttlOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function batchIdOf(request: ApiRequest): string {
  const [id] = request.suffix;
  if (id === undefined || request.suffix.length > 1) throw new ArangoApiError(400, 'expecting batch id');
  return id;
}

/** Its id. An unknown one is 404/1600 by the engine, or 400/400 (9.3 no. 1). */
function knownBatch(request: ApiRequest): string {
  const id = batchIdOf(request);
  const isKnown = demandEngine(request).batches.get(id) !== undefined;
  if (!isKnown && !request.server.features.unknownBatchIsNotFound) throw new ArangoApiError(400, 'invalid batch id');
  return id;
}
