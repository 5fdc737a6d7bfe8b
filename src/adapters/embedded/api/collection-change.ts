import type { FrontCollection } from '../cluster/front.ts';
import { needCollectionName } from '../cluster/names.ts';
import { viewWithRenamedCollection } from '../definitions/view.ts';
import type { Json } from '../engine/types.ts';
import { isObject, objectOrEmpty, parseBody } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { merged, type Reply } from '../http/reply.ts';
import { needCollection, needDatabase, needWritable } from '../http/rights.ts';
import { basics } from './collection.ts';
import { renameInGraphs } from './collection-graphs.ts';
import { locationOf } from './collection-read.ts';
import { findCollection, operationOf } from './document-find.ts';

/** `PUT /_api/collection/{c}/{action}` (reference 3.2). */
export async function changeCollection(
  request: ApiRequest,
  collection: FrontCollection,
  action: string,
): Promise<Reply> {
  const payload = await run(request, collection, action);
  return merged(200, payload, locationOf(request));
}

function run(request: ApiRequest, collection: FrontCollection, action: string): Promise<object> | object {
  switch (action) {
    case 'load':
      needCollection(request, collection.name, 'ro');
      return load(request, collection);
    case 'unload':
      needCollection(request, collection.name, 'ro');
      return basics(collection);
    case 'compact':
      needCollection(request, collection.name, 'rw');
      return basics(collection);
    case 'loadIndexesIntoMemory':
      needCollection(request, collection.name, 'ro');
      return { result: true };
    case 'recalculateCount':
      needCollection(request, collection.name, 'rw');
      return collection.count().then((count) => ({ result: true, count }));
    case 'properties':
      return changeProperties(request, collection);
    case 'truncate':
      return truncate(request, collection);
    case 'rename':
      return rename(request, collection);
    case 'responsibleShard':
      return responsibleShard(request, collection);
    default:
      throw new ArangoApiError(
        404,
        "expecting one of the actions 'load', 'unload', 'truncate', 'properties', 'compact', 'rename', 'loadIndexesIntoMemory'",
      );
  }
}

async function load(request: ApiRequest, collection: FrontCollection): Promise<object> {
  if (objectOrEmpty(request).count === false) return basics(collection);
  return { count: await collection.count(operationOf(request)), ...basics(collection) };
}

async function changeProperties(request: ApiRequest, collection: FrontCollection): Promise<object> {
  needDatabase(request, 'rw');
  needCollection(request, collection.name, 'rw');
  await collection.change(objectOrEmpty(request));
  return findCollection(request, collection.id).describe();
}

async function truncate(request: ApiRequest, collection: FrontCollection): Promise<object> {
  needWritable(request, collection.name);
  await collection.truncate(operationOf(request));
  return basics(collection);
}

async function rename(request: ApiRequest, collection: FrontCollection): Promise<object> {
  if (request.server.role !== 'single') throw new ArangoApiError(1470);
  needDatabase(request, 'rw');
  needCollection(request, collection.name, 'rw');
  const { name } = objectOrEmpty(request);
  if (typeof name !== 'string' || name === '') throw new ArangoApiError(1208, 'name is empty');
  if (name === collection.name) return basics(collection);
  if (collection.isSystem) throw new ArangoApiError(11);
  needCollectionName(name, false, request.server.features);
  const { id, name: oldName } = collection;
  await collection.rename(name);
  await renameInGraphs(request, oldName, name);
  renameInViews(request, oldName, name);
  return basics(findCollection(request, id));
}

/** Views name collections; the server keeps ids, so that they follow. */
function renameInViews(request: ApiRequest, oldName: string, newName: string): void {
  const database = request.server.front.database(request.database);
  for (const view of database?.views() ?? []) {
    const changed = viewWithRenamedCollection(view, oldName, newName);
    if (changed !== undefined) database?.putView(changed);
  }
}

function responsibleShard(request: ApiRequest, collection: FrontCollection): object {
  if (request.server.role !== 'coordinator') throw new ArangoApiError(1471);
  needCollection(request, collection.name, 'ro');
  const body = parseBody(request);
  if (body === undefined) throw new ArangoApiError(400, 'expecting object with shard key attributes');
  return { shardId: collection.responsibleShard(shardKeyValues(body)) };
}

function shardKeyValues(body: Json): Json {
  if (isObject(body)) return body;
  return { _key: typeof body === 'number' ? String(body) : body };
}
