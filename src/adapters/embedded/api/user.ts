import { configuredCollectionLevel, configuredDatabaseLevel } from '../accounts/levels.ts';
import { UserAccounts } from '../accounts/user-accounts.ts';
import type { UserRecord } from '../accounts/user-record.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import type { Level } from '../http/accounts.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Handler, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { empty, merged, mergedLast, type Reply, result } from '../http/reply.ts';
import { isAdmin, needAdmin } from '../http/rights.ts';

/** `/_api/user` (reference 3.5, rights 1.6 and 8). */
export function registerUser(router: Router): void {
  const byParts =
    (handlers: readonly (readonly [number, Handler])[]): Handler =>
    (request) => {
      const [, , second] = [request, ...request.suffix];
      const isKnown = second === undefined || second === 'database' || second === 'config';
      const handler = handlers.find(([parts]) => parts === request.suffix.length)?.[1];
      if (handler === undefined || !isKnown) throw new ArangoApiError(10);
      return handler(request);
    };
  router.prefix('/_api/user', {
    GET: byParts([
      [0, listUsers],
      [1, readUser],
      [2, readList],
      [3, readDatabaseLevel],
      [4, readCollectionLevel],
    ]),
    POST: byParts([
      [0, createUser],
      [1, checkPassword],
    ]),
    PUT: byParts([
      [1, replaceUser],
      [3, grantDatabase],
      [4, grantCollection],
    ]),
    PATCH: byParts([[1, updateUser]]),
    DELETE: byParts([
      [1, removeUser],
      [2, clearConfig],
      [3, revokeDatabase],
      [4, revokeCollection],
    ]),
  });
}

/** The users of a deployment; the door only knows the part that judges requests. */
export function accountsOf(request: ApiRequest): UserAccounts {
  const { accounts } = request.server.deployment;
  if (!(accounts instanceof UserAccounts)) throw new ArangoApiError(9, 'this server does not support users');
  return accounts;
}

/** A user may act on himself, an admin on everyone (403/11). */
export function needSelfOrAdmin(request: ApiRequest, user: string): void {
  if (request.identity.kind === 'user' && request.identity.name === user) return;
  needAdmin(request);
}

function listUsers(request: ApiRequest): Reply {
  needAdmin(request);
  return result(200, accountsOf(request).all().map(shown));
}

function readUser(request: ApiRequest): Reply {
  const name = userOf(request);
  needSelfOrAdmin(request, name);
  return mergedLast(200, shown(accountsOf(request).need(name)));
}

function shown(user: UserRecord): JsonObject {
  return { user: user.name, active: user.active, extra: user.extra };
}

/** `GET /_api/user/{user}/database` or `…/config`. */
function readList(request: ApiRequest): Reply {
  const name = userOf(request);
  needSelfOrAdmin(request, name);
  const user = accountsOf(request).need(name);
  if (request.suffix[1] === 'config') return result(200, user.config);
  return result(200, request.query.flag('full', false) ? fullListing(request, user) : shortListing(request, user));
}

function shortListing(request: ApiRequest, user: UserRecord): JsonObject {
  const accounts = accountsOf(request);
  const levels = request.server.front
    .databases()
    .map(({ name }) => [name, accounts.databaseLevel(user.name, name)] as const)
    .filter(([, level]) => level !== 'none');
  return Object.fromEntries(levels);
}

/** Configured levels, `undefined` where none is (reference 9.4 no. 11). */
function fullListing(request: ApiRequest, user: UserRecord): JsonObject {
  const listing: Record<string, Json> = {};
  for (const database of request.server.front.databases()) {
    const names = [...database.collections().map(({ name }) => name), '*'];
    const collections = names.map((name) => [name, configuredCollectionLevel(user, database.name, name)] as const);
    const permission = configuredDatabaseLevel(user, database.name);
    listing[database.name] = { permission, collections: Object.fromEntries(collections) };
  }
  const wildcard = configuredDatabaseLevel(user, '*');
  return { ...listing, '*': { permission: wildcard === 'undefined' ? 'none' : wildcard } };
}

function readDatabaseLevel(request: ApiRequest): Reply {
  const [name = '', kind, database = ''] = request.suffix;
  needSelfOrAdmin(request, name);
  const accounts = accountsOf(request);
  const user = accounts.need(name);
  if (kind === 'config') return result(200, user.config[database] ?? null);
  return result(200, told(request, accounts.databaseLevel(name, database)));
}

function readCollectionLevel(request: ApiRequest): Reply {
  const [name = '', kind, database = '', collection = ''] = request.suffix;
  if (kind !== 'database') throw new ArangoApiError(10);
  needSelfOrAdmin(request, name);
  const accounts = accountsOf(request);
  accounts.need(name);
  return result(200, told(request, accounts.collectionLevel(name, database, collection)));
}

/** In read-only mode nobody has more than `ro`, but for `configured=true` (reference 1.6). */
function told(request: ApiRequest, level: Level): Level {
  const isCapped = request.server.deployment.readOnly && !request.query.flag('configured', false);
  return isCapped && level === 'rw' ? 'ro' : level;
}

async function createUser(request: ApiRequest): Promise<Reply> {
  const body = objectBody(request);
  needAdmin(request);
  const name = typeof body.user === 'string' ? body.user : '';
  return mergedLast(201, shown(await accountsOf(request).create(newUser(name, body))));
}

/** `POST /_api/user/{user} {passwd}`: whether the password is right. */
function checkPassword(request: ApiRequest): Reply {
  const body = objectBody(request);
  const password = typeof body.passwd === 'string' ? body.passwd : '';
  if (accountsOf(request).verifyPassword(userOf(request), password) === undefined) throw new ArangoApiError(1703);
  return result(200, true);
}

async function replaceUser(request: ApiRequest): Promise<Reply> {
  const name = userOf(request);
  needSelfOrAdmin(request, name);
  return mergedLast(200, shown(await accountsOf(request).replace(newUser(name, objectBody(request)))));
}

function newUser(name: string, body: JsonObject) {
  return {
    name,
    password: typeof body.passwd === 'string' ? body.passwd : '',
    active: typeof body.active === 'boolean' ? body.active : true,
    extra: isObject(body.extra) ? body.extra : {},
  };
}

async function updateUser(request: ApiRequest): Promise<Reply> {
  const name = userOf(request);
  needSelfOrAdmin(request, name);
  const { passwd, active, extra } = objectBody(request);
  const accounts = accountsOf(request);
  const user = await accounts.change(name, (before) => ({
    ...before,
    password: typeof passwd === 'string' ? accounts.passwordHash(passwd) : before.password,
    active: typeof active === 'boolean' ? active : before.active,
    extra: isObject(extra) ? { ...before.extra, ...extra } : before.extra,
  }));
  return mergedLast(200, shown(user));
}

async function removeUser(request: ApiRequest): Promise<Reply> {
  needAdmin(request);
  const name = userOf(request);
  if (name === 'root') throw new ArangoApiError(11);
  await accountsOf(request).remove(name);
  return merged(202, {});
}

async function grantDatabase(request: ApiRequest): Promise<Reply> {
  const [name = '', kind, database = ''] = request.suffix;
  if (kind === 'config') return setConfig(request, name, database);
  needAdmin(request);
  const level = grantOf(request);
  await accountsOf(request).grantDatabase(name, database, level);
  return mergedLast(200, { [database]: level });
}

async function grantCollection(request: ApiRequest): Promise<Reply> {
  const [name = '', kind, database = '', collection = ''] = request.suffix;
  if (kind !== 'database') throw new ArangoApiError(10);
  needAdmin(request);
  needKnownCollection(request, database, collection);
  const level = grantOf(request);
  await accountsOf(request).grantCollection(name, database, collection, level);
  return mergedLast(200, { [`${database}/${collection}`]: level });
}

function grantOf(request: ApiRequest): Level {
  const { grant } = objectBody(request);
  if (typeof grant !== 'string') throw new ArangoApiError(10);
  if (grant === 'rw' || grant === 'ro' || grant === 'none') return grant;
  throw new ArangoApiError(10, "expecting access type 'rw', 'ro' or 'none'");
}

/** 404/1228, 404/1203; `*` is any. */
function needKnownCollection(request: ApiRequest, databaseName: string, collection: string): void {
  if (databaseName === '*') return;
  const database = request.server.front.database(databaseName);
  if (database === undefined) throw new ArangoApiError(1228);
  if (collection !== '*' && database.collection(collection) === undefined) throw new ArangoApiError(1203);
}

async function revokeDatabase(request: ApiRequest): Promise<Reply> {
  const [name = '', kind, database = ''] = request.suffix;
  if (kind === 'config') return setConfig(request, name, database);
  needAdmin(request);
  await accountsOf(request).revokeDatabase(name, database);
  return merged(202, {});
}

async function revokeCollection(request: ApiRequest): Promise<Reply> {
  const [name = '', kind, database = '', collection = ''] = request.suffix;
  if (kind !== 'database') throw new ArangoApiError(10);
  needAdmin(request);
  needKnownCollection(request, database, collection);
  await accountsOf(request).revokeCollection(name, database, collection);
  return merged(202, {});
}

/** Data of the web interface: `PUT …/config/{key} {value}`; without a value, and by `DELETE`, the key goes. */
async function setConfig(request: ApiRequest, name: string, key: string): Promise<Reply> {
  if (!isAdmin(request)) needSelfOrAdmin(request, name);
  const body = request.method === 'PUT' ? parseBody(request) : undefined;
  const value = isObject(body) ? body.value : undefined;
  await accountsOf(request).change(name, (user) => {
    const { [key]: _old, ...rest } = user.config;
    return { ...user, config: value === undefined ? rest : { ...rest, [key]: value } };
  });
  return empty(200);
}

async function clearConfig(request: ApiRequest): Promise<Reply> {
  if (request.suffix[1] !== 'config') throw new ArangoApiError(10);
  const name = userOf(request);
  needSelfOrAdmin(request, name);
  await accountsOf(request).change(name, (user) => ({ ...user, config: {} }));
  return empty(200);
}

function userOf(request: ApiRequest): string {
  return request.suffix[0] ?? '';
}

function objectBody(request: ApiRequest): JsonObject {
  const body = parseBody(request);
  if (!isObject(body)) throw new ArangoApiError(10);
  return body;
}
