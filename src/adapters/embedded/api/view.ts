import type { FrontDatabase } from '../cluster/front.ts';
import {
  changedView,
  newView,
  renamedView,
  type ViewSurroundings,
  viewAnswer,
  viewHead,
  viewListEntry,
  viewPropertiesAnswer,
} from '../definitions/view.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, merged, type Reply, result } from '../http/reply.ts';
import { needCollection, needDatabase } from '../http/rights.ts';
import { usableAnalyzers } from './analyzers-of.ts';
import { databaseOf } from './lookup.ts';

const NOT_FOUND = 1203;
const DUPLICATE_NAME = 1207;

/** `/_api/view` (reference 3.4): definitions; nothing is searched. */
export function registerView(router: Router): void {
  router.prefix('/_api/view', {
    GET: readViews,
    POST: createView,
    PUT: (request) => modify(request, false),
    PATCH: (request) => modify(request, true),
    DELETE: dropView,
  });
}

function readViews(request: ApiRequest): Reply {
  const [nameOrId, sub, ...more] = request.suffix;
  if (more.length > 0 || (sub !== undefined && sub !== 'properties')) {
    throw new ArangoApiError(10, 'expecting GET /_api/view[/<view-name>[/properties]]');
  }
  needDatabase(request, 'ro');
  if (nameOrId === undefined) return result(200, sorted(databaseOf(request).views()).map(viewListEntry));
  const view = needView(request, nameOrId);
  return merged(200, sub === undefined ? viewAnswer(view) : viewPropertiesAnswer(view));
}

function sorted(views: readonly JsonObject[]): readonly JsonObject[] {
  return [...views].sort((left, right) => (String(left.name) < String(right.name) ? -1 : 1));
}

export async function createView(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length > 0) throw new ArangoApiError(10, 'expecting POST /_api/view');
  const body = parseBody(request) ?? null;
  const { name } = viewHead(body, request.server.features);
  needDatabase(request, 'rw');
  const database = databaseOf(request);
  refuseTakenName(database, name);
  const id = request.server.deployment.ids.next();
  const surroundings = await surroundingsOf(request, body);
  const view = newView(body as JsonObject, { id, globallyUniqueId: globallyUniqueId(request, id) }, surroundings);
  database.putView(view);
  return json(201, view);
}

/** `h<server id>/<id>` on a single server, `c<id>/` in a cluster, as of collections (reference 3.2). */
function globallyUniqueId(request: ApiRequest, id: string): string {
  const storage = request.server.storageIfAny;
  return storage === undefined ? `c${id}/` : `h${BigInt(storage.serverId).toString(16).toUpperCase()}/${id}`;
}

/** Views and collections share their names. */
function refuseTakenName(database: FrontDatabase, name: string): void {
  const isTaken =
    database.collections().some((collection) => collection.name === name) ||
    database.views().some((view) => view.name === name);
  if (isTaken) throw new ArangoApiError(DUPLICATE_NAME);
}

async function modify(request: ApiRequest, isPartial: boolean): Promise<Reply> {
  const [nameOrId = '', sub, ...more] = request.suffix;
  if (more.length > 0 || (sub !== 'properties' && sub !== 'rename')) {
    throw new ArangoApiError(
      10,
      'expecting [PUT, PATCH] /_api/view/<view-name>/properties or PUT /_api/view/<view-name>/rename',
    );
  }
  const view = needView(request, nameOrId);
  const body = parseBody(request);
  if (sub === 'rename') return rename(request, view, body);
  needDatabase(request, 'rw');
  const change = isObject(body) ? body : {};
  const changed = changedView(view, change, isPartial, await surroundingsOf(request, change));
  databaseOf(request).putView(changed);
  return json(200, changed);
}

function rename(request: ApiRequest, view: JsonObject, body: Json | undefined): Reply {
  const name = isObject(body) ? body.name : undefined;
  if (typeof name !== 'string') throw new ArangoApiError(10, 'expecting "name" parameter to be a string');
  needDatabase(request, 'rw');
  if (request.server.deployment.mode === 'cluster') throw new ArangoApiError(1470);
  const database = databaseOf(request);
  const renamed = renamedView(view, name, request.server.features);
  if (name !== view.name) refuseTakenName(database, name);
  database.putView(renamed);
  return json(200, renamed);
}

function dropView(request: ApiRequest): Reply {
  const [nameOrId, ...more] = request.suffix;
  if (nameOrId === undefined || more.length > 0)
    throw new ArangoApiError(10, 'expecting DELETE /_api/view/<view-name>');
  const view = needView(request, nameOrId);
  needDatabase(request, 'rw');
  databaseOf(request).dropView(String(view.id));
  return result(200, true);
}

function needView(request: ApiRequest, nameOrId: string): JsonObject {
  const view = databaseOf(request).view(nameOrId);
  if (view === undefined) throw new ArangoApiError(NOT_FOUND);
  return view;
}

/** Linked collections must be readable by whoever links them (403/11). */
async function surroundingsOf(request: ApiRequest, body: Json): Promise<ViewSurroundings> {
  const database = databaseOf(request);
  const analyzers = await usableAnalyzers(request);
  const links = isObject(body) && isObject(body.links) ? Object.keys(body.links) : [];
  for (const nameOrId of links) {
    const collection = database.collection(nameOrId);
    if (collection !== undefined) needCollection(request, collection.name, 'ro');
  }
  return {
    collectionName: (nameOrId) => database.collection(nameOrId)?.name,
    index: (collection, nameOrId) =>
      database.collection(collection)?.indexes.find(({ id, name }) => id === nameOrId || name === nameOrId),
    knowsAnalyzer: (name) => analyzers.find(name) !== undefined,
    features: request.server.features,
  };
}
