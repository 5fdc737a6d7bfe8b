import type { FrontCollection } from '../cluster/front.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { merged, type Reply, result } from '../http/reply.ts';
import { atLeast, collectionLevel, databaseLevel, nameOf, needCollection, needDatabase } from '../http/rights.ts';
import { changeCollection } from './collection-change.ts';
import { dropCollection } from './collection-drop.ts';
import { readPart } from './collection-read.ts';
import { findCollection } from './document-find.ts';

/** `/_api/collection` (reference 3.2). */
export function registerCollectionApi(router: Router): void {
  router.prefix('/_api/collection', { GET: read, POST: create, PUT: put, DELETE: remove });
}

/** The basic attributes, in the order of list items. */
function listItem(collection: FrontCollection): object {
  const { id, name, type, isSystem, globallyUniqueId } = collection;
  return { id, name, status: 3, type, isSystem, globallyUniqueId };
}

/** The basic attributes, in the order of single answers. */
export function basics(collection: FrontCollection): object {
  const { id, name, type, isSystem, globallyUniqueId } = collection;
  return { globallyUniqueId, isSystem, status: 3, type, name, id };
}

function read(request: ApiRequest): Reply | Promise<Reply> {
  const [name, part] = request.suffix;
  if (name === undefined) return list(request);
  const collection = findCollection(request, name);
  needCollection(request, collection.name, 'ro');
  if (part === undefined) return merged(200, basics(collection));
  if (request.suffix.length > 2) {
    throw new ArangoApiError(400, 'expect GET /_api/collection/<collection-name>/<method>');
  }
  return readPart(request, collection, part);
}

function list(request: ApiRequest): Reply {
  if (!atLeast(databaseLevel(request), 'ro')) throw new ArangoApiError(11);
  const excludeSystem = request.query.flag('excludeSystem', false);
  const collections = request.server.front.database(request.database)?.collections() ?? [];
  const readable = collections.filter((collection) => {
    return !(excludeSystem && collection.isSystem) && atLeast(collectionLevel(request, collection.name), 'ro');
  });
  return result(200, readable.map(listItem));
}

async function create(request: ApiRequest): Promise<Reply> {
  if (request.server.role === 'dbserver') throw new ArangoApiError(1471);
  if (request.suffix.length > 0) throw new ArangoApiError(400);
  const body = parseBody(request);
  if (!isObject(body) || typeof body.name !== 'string' || body.name === '') {
    throw new ArangoApiError(1208, isObject(body) ? 'illegal name' : 'collection definition is not an object');
  }
  needDatabase(request, 'rw');
  const database = request.server.front.database(request.database);
  if (database === undefined) throw new ArangoApiError(1228);
  const enforceReplicationFactor = request.query.flag('enforceReplicationFactor', true);
  const collection = await database.createCollection(body, { enforceReplicationFactor });
  const { accounts } = request.server.deployment;
  if (!collection.isSystem)
    await accounts.collectionCreated(request.database, collection.name, nameOf(request.identity));
  return merged(200, collection.describe());
}

function put(request: ApiRequest): Promise<Reply> {
  const [name, action] = request.suffix;
  if (name === undefined || action === undefined || request.suffix.length > 2) {
    throw new ArangoApiError(400, 'expected PUT /_api/collection/<collection-name>/<action>');
  }
  return changeCollection(request, findCollection(request, name), action);
}

function remove(request: ApiRequest): Promise<Reply> {
  const [name] = request.suffix;
  if (name === undefined || request.suffix.length > 1) {
    throw new ArangoApiError(400, 'expected DELETE /_api/collection/<collection-name>');
  }
  return dropCollection(request, findCollection(request, name));
}
