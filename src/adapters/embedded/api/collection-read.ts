import type { FrontCollection } from '../cluster/front.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { merged, type Reply } from '../http/reply.ts';
import { checksumOf } from './collection-checksum.ts';
import { operationOf } from './document-find.ts';

/** `GET /_api/collection/{c}/{part}` (reference 3.2): the caller may read the collection. */
export async function readPart(request: ApiRequest, collection: FrontCollection, part: string): Promise<Reply> {
  const payload = await payloadOf(request, collection, part);
  return merged(200, payload, locationOf(request));
}

/** `location: /_db/<db>/_api/collection/<c as asked>/<sub>`; in 3.8 without the database. */
export function locationOf(request: ApiRequest): Record<string, string> {
  const { locationNamesDatabase } = request.server.features;
  const database = locationNamesDatabase ? `/_db/${encodeURIComponent(request.database)}` : '';
  return { Location: `${database}${request.path}` };
}

function payloadOf(request: ApiRequest, collection: FrontCollection, part: string): Promise<JsonObject> | JsonObject {
  switch (part) {
    case 'properties':
      return collection.describe();
    case 'count':
      return count(request, collection);
    case 'figures':
      return figures(request, collection);
    case 'revision':
      return collection.lastRevision().then((revision) => ({ revision, ...collection.describe() }));
    case 'checksum':
      return checksum(request, collection);
    case 'shards':
      return shards(request, collection);
    default:
      throw new ArangoApiError(
        404,
        "expecting one of the resources 'checksum', 'count', 'figures', 'properties', 'revision', 'shards'",
      );
  }
}

async function count(request: ApiRequest, collection: FrontCollection): Promise<JsonObject> {
  const operation = operationOf(request);
  const details = request.query.flag('details', false) && request.server.role === 'coordinator';
  const value: Json = details
    ? Object.fromEntries(await collection.countByShard(operation))
    : await collection.count(operation);
  return withCount(collection.describe(), value);
}

/** `count` stands behind `status`, as the server prints it. */
function withCount(description: JsonObject, count: Json): JsonObject {
  const ordered: Record<string, Json | undefined> = {};
  for (const [name, value] of Object.entries(description)) {
    ordered[name] = value;
    if (name === 'status') ordered.count = count;
  }
  return ordered;
}

/** Bytes that an index entry takes in these figures: the stand-in keeps indexes in memory. */
const INDEX_ENTRY_BYTES = 32;

async function figures(request: ApiRequest, collection: FrontCollection): Promise<JsonObject> {
  const documents = await collection.count(operationOf(request));
  const automatic = collection.type === 3 ? 2 : 1;
  const indexes = collection.indexes.length + automatic;
  const details = request.query.flag('details', false);
  const numbers = {
    indexes: { count: indexes, size: documents * indexes * INDEX_ENTRY_BYTES },
    documentsSize: await collection.documentBytes(),
    cacheInUse: false,
    cacheSize: 0,
    cacheUsage: 0,
    ...(details ? { engine: { documents, indexes: indexFigures(collection, documents) } } : {}),
  };
  return { figures: numbers, ...withCount(collection.describe(), documents) };
}

function indexFigures(collection: FrontCollection, count: number): JsonObject[] {
  return [
    { type: 'primary', id: 0, count },
    ...(collection.type === 3
      ? [
          { type: 'edge', id: 1, count },
          { type: 'edge', id: 2, count },
        ]
      : []),
    ...collection.indexes.map(({ type, id }) => ({ type, id: Number(id), count })),
  ];
}

async function checksum(request: ApiRequest, collection: FrontCollection): Promise<JsonObject> {
  const withRevisions = request.query.flag('withRevisions', false);
  const withData = request.query.flag('withData', false);
  const sum = checksumOf(await collection.documents(), collection.type === 3, withRevisions, withData);
  const { id, name, type, isSystem, globallyUniqueId } = collection;
  const revision = await collection.lastRevision();
  return { isSystem, status: 3, type, name, id, revision, globallyUniqueId, checksum: sum };
}

function shards(request: ApiRequest, collection: FrontCollection): JsonObject {
  const plan = collection.shards();
  if (plan === undefined || request.server.role !== 'coordinator') throw new ArangoApiError(9);
  const details = request.query.flag('details', false);
  const names: Json = details
    ? Object.fromEntries([...plan].map(([shard, servers]) => [shard, [...servers]]))
    : [...plan.keys()].sort((left, right) => Number(left.slice(1)) - Number(right.slice(1)));
  return { shards: names, ...collection.describe() };
}
