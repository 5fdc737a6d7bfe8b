import type { FrontCollection } from '../cluster/front.ts';
import { edgeCollections, type GraphDefinition, graphError, vertexCollections } from '../definitions/graph.ts';
import { FROM, type ScannedItem, scanItems, TO } from '../engine/json/items.ts';
import { textValue, valueAt } from '../engine/json/members.ts';
import type { StoredDocument, WriteItem, WriteKind, WriteResult, WrittenItem } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { bytes, empty, JSON_TYPE, type Reply } from '../http/reply.ts';
import { needCollection, needWritable } from '../http/rights.ts';
import { conflict, demandedStatus, refuseSingle } from './document-answer.ts';
import { findCollection, operationOf, revisionHeader } from './document-find.ts';
import { allGraphs } from './graph-store.ts';

const NOT_A_VERTEX_COLLECTION = 1947;
const NOT_IN_GRAPH = 1949;
const INVALID_EDGE = 1233;
const INVALID_EDGE_TEXT =
  'expecting both `_from` and `_to` attributes to be defined in the edge document and have the format `<collectionName>/<vertexKey>` ';

type Kind = 'vertex' | 'edge';

/** `/_api/gharial/{graph}/{vertex|edge}/{collection}/{key}`. */
export function graphDocumentCall(
  request: ApiRequest,
  graph: GraphDefinition,
  kind: Kind,
  name: string,
  key: string,
): Promise<Reply> {
  const collection = collectionOf(request, graph, kind, name);
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return read(request, kind, collection, key);
    case 'PUT':
      return modify(request, graph, kind, 'replace', collection, key);
    case 'PATCH':
      return modify(request, graph, kind, 'update', collection, key);
    case 'DELETE':
      return remove(request, graph, kind, collection, key);
    default:
      throw new ArangoApiError(405);
  }
}

/** `POST /_api/gharial/{graph}/{vertex|edge}/{collection}`. */
export async function graphSetCall(
  request: ApiRequest,
  graph: GraphDefinition,
  kind: Kind,
  name: string,
): Promise<Reply> {
  const collection = collectionOf(request, graph, kind, name);
  needWritable(request, collection.name);
  const item = documentOf(request);
  if (kind === 'edge') await checkEnds(request, graph, item, true);
  const written = await write(request, collection, 'insert', { text: item }, false);
  return 'status' in written ? written : answer(request, kind, collection.name, written, 201);
}

/** A collection that exists (404/1203) and belongs to the graph in this part (400/1949). */
function collectionOf(request: ApiRequest, graph: GraphDefinition, kind: Kind, name: string): FrontCollection {
  const collection = findCollection(request, name);
  const parts = kind === 'vertex' ? vertexCollections(graph) : edgeCollections(graph);
  if (!parts.includes(collection.name)) {
    throw graphError(NOT_IN_GRAPH, 'the given collection is not part of the graph');
  }
  return collection;
}

function documentOf(request: ApiRequest): ScannedItem {
  if (request.body.length === 0) throw new ArangoApiError(1227);
  const { isArray, items } = scanItems(request.body);
  const item = items[0];
  if (isArray || item === undefined || !item.isObject) throw new ArangoApiError(1227);
  return item;
}

/** `if-match`, or `?rev=`. */
function demandedRevision(request: ApiRequest): string | undefined {
  return revisionHeader(request, 'if-match') ?? request.query.text('rev');
}

async function read(request: ApiRequest, kind: Kind, collection: FrontCollection, key: string): Promise<Reply> {
  needCollection(request, collection.name, 'ro');
  const document = await collection.get(key, operationOf(request));
  if (document === undefined) throw new ArangoApiError(1202);
  const demanded = demandedRevision(request);
  if (demanded !== undefined && demanded !== document.rev) {
    return conflict(collection, key, document.rev, 412, 'conflict, _rev values do not match');
  }
  // Graph answers tell the revision without quotes [E].
  if (revisionHeader(request, 'if-none-match') === document.rev) return empty(304, { Etag: document.rev });
  const body = [Buffer.from(`{"error":false,"code":200,"${kind}":`), document.bytes(), Buffer.from('}')];
  return bytes(200, JSON_TYPE, body, { Etag: document.rev });
}

async function modify(
  request: ApiRequest,
  graph: GraphDefinition,
  kind: Kind,
  how: 'replace' | 'update',
  collection: FrontCollection,
  key: string,
): Promise<Reply> {
  needWritable(request, collection.name);
  const item = documentOf(request);
  if (kind === 'edge') await checkEnds(request, graph, item, how === 'replace');
  const written = await write(request, collection, how, { text: item, key }, true);
  return 'status' in written ? written : answer(request, kind, collection.name, written, 200);
}

/** An edge joins vertices of the graph (400/1947) that exist (404/1202); a patch may leave its ends alone. */
async function checkEnds(
  request: ApiRequest,
  graph: GraphDefinition,
  edge: ScannedItem,
  isWhole: boolean,
): Promise<void> {
  const ends = [edge.attribute(FROM), edge.attribute(TO)];
  if (!isWhole && ends.some((end) => end === undefined)) return;
  const handles = ends.map((end) => splitHandle(textValue(end)));
  for (const [position, [name]] of handles.entries()) {
    if (vertexCollections(graph).includes(name)) continue;
    const end = position === 0 ? '_from' : '_to';
    throw graphError(NOT_A_VERTEX_COLLECTION, `referenced ${end} collection '${name}' is not part of the graph`);
  }
  for (const [name, key] of handles) {
    const vertex = await findCollection(request, name).get(key, operationOf(request));
    if (vertex === undefined) throw new ArangoApiError(1202);
  }
}

function splitHandle(handle: string | undefined): readonly [string, string] {
  const slash = handle?.indexOf('/') ?? -1;
  if (handle === undefined || slash <= 0) throw new ArangoApiError(INVALID_EDGE, INVALID_EDGE_TEXT);
  return [handle.slice(0, slash), handle.slice(slash + 1)];
}

/** Removes the document, and every edge of any graph that ended in it. */
async function remove(
  request: ApiRequest,
  graph: GraphDefinition,
  _kind: Kind,
  collection: FrontCollection,
  key: string,
): Promise<Reply> {
  needWritable(request, collection.name);
  const written = await write(request, collection, 'remove', { key }, true);
  if ('status' in written) return written;
  await removeEdgesOf(request, graph, collection.name, key);
  const status = written.result.synced ? 200 : 202;
  const parts = [Buffer.from(`{"error":false,"code":${status},"removed":true`)];
  if (request.query.flag('returnOld', false)) addDocument(parts, 'old', written.item.oldDocument);
  parts.push(Buffer.from('}'));
  return bytes(status, JSON_TYPE, parts);
}

async function removeEdgesOf(request: ApiRequest, graph: GraphDefinition, name: string, key: string): Promise<void> {
  const using = (await allGraphs(request)).flatMap((one) =>
    one.edgeDefinitions.filter((edge) => edge.from.includes(name) || edge.to.includes(name)),
  );
  const handle = `${name}/${key}`;
  for (const edges of new Set([...edgeCollections(graph), ...using.map((edge) => edge.collection)])) {
    const collection = findCollection(request, edges);
    const doomed: WriteItem[] = [];
    for (const edge of await collection.documents(operationOf(request))) {
      if (endsIn(edge, handle)) doomed.push({ key: edge.key });
    }
    if (doomed.length > 0) {
      await collection.write({ kind: 'remove', items: doomed, bulk: true }, operationOf(request));
    }
  }
}

function endsIn(edge: StoredDocument, handle: string): boolean {
  const all = edge.bytes();
  const text = { bytes: all, start: 0, end: all.length };
  return textValue(valueAt(text, ['_from'])) === handle || textValue(valueAt(text, ['_to'])) === handle;
}

/** Writes one document; a refusal comes back as its answer. */
async function write(
  request: ApiRequest,
  collection: FrontCollection,
  kind: WriteKind,
  item: WriteItem,
  mayDemand: boolean,
): Promise<Written | Reply> {
  const ifMatch = mayDemand ? demandedRevision(request) : undefined;
  const result = await collection.write(
    {
      kind,
      items: [item],
      bulk: false,
      waitForSync: request.query.flag('waitForSync', false),
      keepNull: request.query.flag('keepNull', true),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    },
    operationOf(request),
  );
  const outcome = result.outcomes[0];
  if (outcome === undefined) throw new ArangoApiError(4);
  return outcome.ok ? { result, item: outcome } : refuseSingle(collection, outcome, demandedStatus(request));
}

interface Written {
  readonly result: WriteResult;
  readonly item: WrittenItem;
}

function answer(
  request: ApiRequest,
  kind: Kind,
  collection: string,
  { result, item }: Written,
  syncedStatus: number,
): Reply {
  const status = result.synced ? syncedStatus : 202;
  const oldRev = item.oldRev === undefined ? {} : { _oldRev: item.oldRev };
  const identity = { _id: `${collection}/${item.key}`, _key: item.key, ...oldRev, _rev: item.rev };
  const parts = [Buffer.from(`{"error":false,"code":${status},"${kind}":${JSON.stringify(identity)}`)];
  if (request.query.flag('returnOld', false)) addDocument(parts, 'old', item.oldDocument);
  if (request.query.flag('returnNew', false)) addDocument(parts, 'new', item.newDocument);
  parts.push(Buffer.from('}'));
  return bytes(status, JSON_TYPE, parts, { Etag: item.rev });
}

function addDocument(parts: Buffer[], name: 'old' | 'new', document: StoredDocument | undefined): void {
  if (document !== undefined) parts.push(Buffer.from(`,"${name}":`), document.bytes());
}
