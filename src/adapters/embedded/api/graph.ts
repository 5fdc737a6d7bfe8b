import {
  conflictingEdgeCollection,
  describeGraph,
  edgeCollections,
  type GraphDefinition,
  graphError,
  parseEdgeDefinition,
  parseGraph,
  vertexCollections,
  withEdgeDefinition,
  withOrphan,
  withoutEdgeDefinition,
  withoutOrphan,
  withReplacedEdgeDefinition,
} from '../definitions/graph.ts';
import { isGraphName } from '../definitions/names.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { merged, type Reply } from '../http/reply.ts';
import { needCollection, needDatabase } from '../http/rights.ts';
import { graphDocumentCall, graphSetCall } from './graph-documents.ts';
import {
  allGraphs,
  dropUnshared,
  ensureCollections,
  type GraphWrite,
  initialCidOf,
  insertGraph,
  listedGraphs,
  needGraph,
  removeGraph,
  replaceGraph,
  type StoredGraph,
} from './graph-store.ts';
import { databaseOf } from './lookup.ts';

const USED_DIFFERENTLY = 1921;
const NO_VERTEX_COLLECTION = 1926;
const IS_INITIAL = 1945;

/** `/_api/gharial` (reference 3.5): graphs, their collections, and the documents in them. */
export function registerGraph(router: Router): void {
  router.prefix('/_api/gharial', { GET: route, POST: route, PUT: route, PATCH: route, DELETE: route });
}

/** The graph is looked up before anything else of the path is judged. */
async function route(request: ApiRequest): Promise<Reply> {
  const [name, kind, collection, key, ...more] = request.suffix;
  if (name === undefined) return graphs(request);
  const stored = await needGraph(request, name);
  if (kind === undefined) return oneGraph(request, stored);
  if ((kind !== 'vertex' && kind !== 'edge') || more.length > 0) throw new ArangoApiError(404);
  if (collection === undefined) return kind === 'vertex' ? vertexSets(request, stored) : edgeSets(request, stored);
  if (key !== undefined) return graphDocumentCall(request, stored.graph, kind, collection, key);
  if (request.method === 'POST') return graphSetCall(request, stored.graph, kind, collection);
  if (kind === 'vertex' && request.method === 'DELETE') return removeOrphan(request, stored, collection);
  if (kind === 'edge' && request.method === 'PUT') return replaceEdges(request, stored, collection);
  if (kind === 'edge' && request.method === 'DELETE') return removeEdges(request, stored, collection);
  throw new ArangoApiError(405);
}

/** HEAD asks like GET. */
function isRead(request: ApiRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

async function graphs(request: ApiRequest): Promise<Reply> {
  if (isRead(request)) return merged(200, { graphs: await listedGraphs(request) });
  if (request.method === 'POST') return createGraph(request);
  throw new ArangoApiError(405);
}

async function createGraph(request: ApiRequest): Promise<Reply> {
  const body = parseBody(request);
  if (!isObject(body)) throw new ArangoApiError(10, 'unable to parse body');
  needDatabase(request, 'rw');
  const graph = parseGraph(body, clusterDefaults(request));
  if (!isGraphName(graph.name)) throw new ArangoApiError(1221);
  await refuseKnown(request, graph.name);
  await refuseConflicts(request, graph);
  await ensureCollections(request, graph);
  const waitForSync = request.query.flag('waitForSync', false);
  return changed(await insertGraph(request, graph, waitForSync), waitForSync ? 201 : 202);
}

/** A duplicate is told before collections are made. */
async function refuseKnown(request: ApiRequest, name: string): Promise<void> {
  if ((await allGraphs(request)).some((graph) => graph.name === name)) throw graphError(1925, 'graph already exists');
}

/** What the database says about new collections; undefined on a single server, whose graphs have no sharding. */
function clusterDefaults(request: ApiRequest) {
  if (request.server.deployment.mode === 'single') return undefined;
  const { replicationFactor, writeConcern } = databaseOf(request).definition;
  return {
    replicationFactor: typeof replicationFactor === 'number' ? replicationFactor : 1,
    writeConcern: typeof writeConcern === 'number' ? writeConcern : 1,
  };
}

/** An edge collection means the same in every graph. */
async function refuseConflicts(request: ApiRequest, graph: GraphDefinition): Promise<void> {
  for (const other of await allGraphs(request)) {
    const collection = other.name === graph.name ? undefined : conflictingEdgeCollection(graph, other);
    if (collection !== undefined) {
      throw graphError(USED_DIFFERENTLY, `${collection} edge collection already used in edge def`);
    }
  }
}

async function oneGraph(request: ApiRequest, { graph, rev }: StoredGraph): Promise<Reply> {
  if (isRead(request)) return merged(200, { graph: describeGraph(graph, rev, initialCidOf(request, graph)) });
  if (request.method !== 'DELETE') throw new ArangoApiError(405);
  needDatabase(request, 'rw');
  const doomed = request.query.flag('dropCollections', false)
    ? [...edgeCollections(graph), ...vertexCollections(graph)]
    : [];
  for (const name of doomed) needCollection(request, name, 'rw');
  // A collection of a graph cannot be dropped: the graph goes first.
  await removeGraph(request, graph.name);
  await dropUnshared(request, graph.name, doomed);
  return merged(202, { removed: true });
}

async function vertexSets(request: ApiRequest, stored: StoredGraph): Promise<Reply> {
  if (isRead(request)) return merged(200, { collections: vertexCollections(stored.graph) });
  if (request.method !== 'POST') throw new ArangoApiError(405);
  const collection = collectionOf(parseBody(request));
  const graph = withOrphan(stored.graph, collection);
  needDatabase(request, 'rw');
  if (!request.query.flag('createCollection', true) && databaseOf(request).collection(collection) === undefined) {
    throw graphError(
      NO_VERTEX_COLLECTION,
      `${collection} vertex collection does not exist or is not part of the graph`,
    );
  }
  await ensureCollections(request, graph);
  return store(request, graph);
}

function collectionOf(body: Json | undefined): string {
  const collection = isObject(body) ? body.collection : undefined;
  if (typeof collection !== 'string' || collection === '') throw new ArangoApiError(10, 'missing collection name');
  return collection;
}

async function removeOrphan(request: ApiRequest, stored: StoredGraph, collection: string): Promise<Reply> {
  const isDropped = request.query.flag('dropCollection', false);
  if (isDropped && stored.graph.sharding?.initial === collection) {
    throw graphError(IS_INITIAL, 'initial collection is not allowed to be removed manually');
  }
  const graph = withoutOrphan(stored.graph, collection);
  needDatabase(request, 'rw');
  const reply = await store(request, graph);
  if (isDropped) await dropUnshared(request, '', [collection]);
  return reply;
}

async function edgeSets(request: ApiRequest, stored: StoredGraph): Promise<Reply> {
  if (isRead(request)) return merged(200, { collections: edgeCollections(stored.graph) });
  if (request.method !== 'POST') throw new ArangoApiError(405);
  const graph = withEdgeDefinition(stored.graph, parseEdgeDefinition(parseBody(request)));
  needDatabase(request, 'rw');
  await refuseConflicts(request, graph);
  await ensureCollections(request, graph);
  return store(request, graph);
}

/** The definition changes in every graph that has the collection: it means the same in all of them. */
async function replaceEdges(request: ApiRequest, stored: StoredGraph, collection: string): Promise<Reply> {
  const edge = parseEdgeDefinition(parseBody(request));
  if (!edgeCollections(stored.graph).includes(collection) || edge.collection !== collection) {
    throw graphError(1930, 'edge collection not used in graph');
  }
  needDatabase(request, 'rw');
  const waitForSync = request.query.flag('waitForSync', false);
  const graph = withReplacedEdgeDefinition(stored.graph, edge);
  await ensureCollections(request, graph);
  for (const other of await allGraphs(request)) {
    if (other.name === graph.name || !edgeCollections(other).includes(collection)) continue;
    await replaceGraph(request, withReplacedEdgeDefinition(other, edge), waitForSync);
  }
  return store(request, graph);
}

async function removeEdges(request: ApiRequest, stored: StoredGraph, collection: string): Promise<Reply> {
  const graph = withoutEdgeDefinition(stored.graph, collection);
  needDatabase(request, 'rw');
  const reply = await store(request, graph);
  if (request.query.flag('dropCollections', false)) await dropUnshared(request, graph.name, [collection]);
  return reply;
}

async function store(request: ApiRequest, graph: GraphDefinition): Promise<Reply> {
  // Always 202: only making a graph tells whether it was synced.
  return changed(await replaceGraph(request, graph, request.query.flag('waitForSync', false)), 202);
}

function changed({ shown, rev }: GraphWrite, status: number): Reply {
  return merged(status, { graph: shown satisfies JsonObject }, { Etag: rev });
}
