import { needDatabaseName } from '../cluster/names.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import type { DatabaseUser } from '../http/accounts.ts';
import { isObject, needObject } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { type Reply, result } from '../http/reply.ts';
import { atLeast, databaseLevel, nameOf, needAdmin, needSystemDatabase } from '../http/rights.ts';

/** `/_api/database` (reference 3.1). */
export function registerDatabaseApi(router: Router): void {
  router.prefix('/_api/database', { GET: read, POST: create, DELETE: drop });
}

function read(request: ApiRequest): Reply {
  const [what] = request.suffix;
  if (request.suffix.length > 1) throw new ArangoApiError(400);
  if (what === undefined) return list(request);
  if (what === 'user') return listReadable(request);
  if (what === 'current') return current(request);
  throw new ArangoApiError(400);
}

function list(request: ApiRequest): Reply {
  needSystemDatabase(request);
  if (!atLeast(databaseLevel(request), 'ro')) throw new ArangoApiError(11);
  needConfiguredAdmin(request);
  return result(200, names(request));
}

/** Listing needs rw on `_system` as granted: read-only mode does not hide databases. */
function needConfiguredAdmin(request: ApiRequest): void {
  const { identity } = request;
  if (identity.kind !== 'user') return;
  if (request.server.deployment.accounts.databaseLevel(identity.name, '_system') !== 'rw') throw new ArangoApiError(11);
}

function listReadable(request: ApiRequest): Reply {
  const readable = names(request).filter((name) => atLeast(databaseLevel(request, name), 'ro'));
  return result(200, readable);
}

function names(request: ApiRequest): string[] {
  return request.server.front
    .databases()
    .map((database) => database.name)
    .sort();
}

function current(request: ApiRequest): Reply {
  const database = request.server.front.database(request.database);
  if (database === undefined) throw new ArangoApiError(1228);
  const { id, name, isSystem } = database;
  if (request.server.role !== 'coordinator') return result(200, { id, name, isSystem, path: 'none' });
  const { sharding = '', replicationFactor = 1, writeConcern = 1 } = database.definition;
  const { replicationVersionOfDatabase } = request.server.features;
  const replication = replicationVersionOfDatabase ? { replicationVersion: '1' } : {};
  const spread = { sharding, replicationFactor, writeConcern, ...replication };
  return result(200, { id, name, isSystem, ...spread, path: '' });
}

async function create(request: ApiRequest): Promise<Reply> {
  needSystemDatabase(request);
  if (request.suffix.length > 0) throw new ArangoApiError(400);
  needAdmin(request);
  const body = needObject(request, 400, 'expected {name: "database name"}');
  const { name } = body;
  if (typeof name !== 'string') throw new ArangoApiError(1208, 'illegal name: database name invalid');
  needDatabaseName(name, request.server.features);
  const users = readUsers(body.users);
  await request.server.front.createDatabase(name, readOptions(body.options));
  await request.server.deployment.accounts.databaseCreated(name, users, nameOf(request.identity));
  return result(201, true);
}

function readOptions(options: Json | undefined): JsonObject {
  if (options === undefined || options === null) return {};
  if (!isObject(options)) throw new ArangoApiError(10, "invalid value for 'options'");
  return options;
}

function readUsers(users: Json | undefined): DatabaseUser[] {
  if (users === undefined || users === null) return [];
  if (!Array.isArray(users)) throw new ArangoApiError(400, "invalid value for 'users'");
  return users.map((user) => {
    const given: JsonObject = isObject(user) ? user : {};
    const username = given.username ?? given.user;
    if (typeof username !== 'string') throw new ArangoApiError(400, "a user needs a 'username'");
    const passwd = given.passwd ?? given.password;
    return {
      username,
      passwd: typeof passwd === 'string' ? passwd : '',
      active: given.active !== false,
      extra: isObject(given.extra) ? given.extra : {},
    };
  });
}

async function drop(request: ApiRequest): Promise<Reply> {
  needSystemDatabase(request);
  const [name] = request.suffix;
  if (name === undefined || request.suffix.length > 1) throw new ArangoApiError(400);
  needAdmin(request);
  if (name === '_system') throw new ArangoApiError(11);
  if (request.server.front.database(name) === undefined) throw new ArangoApiError(1228);
  await request.server.front.dropDatabase(name);
  await request.server.deployment.accounts.databaseDropped(name);
  return result(200, true);
}
