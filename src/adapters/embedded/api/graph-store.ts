import type { FrontCollection } from '../cluster/front.ts';
import {
  describeGraph,
  edgeCollections,
  type GraphDefinition,
  graphDocument,
  graphError,
  graphOfDocument,
  vertexCollections,
} from '../definitions/graph.ts';
import type { JsonObject } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { dropCollection } from './collection-drop.ts';
import { databaseOf } from './lookup.ts';
import { jsonOf, readAll, writeOne } from './stored-json.ts';

const GRAPH_NOT_FOUND = 1924;
const GRAPH_DUPLICATE = 1925;
const NO_GRAPH_COLLECTION = 1932;
const WRONG_EDGE_TYPE = 1944;
const WRONG_VERTEX_TYPE = 1927;
const EDGE_TYPE = 3;

/** A graph as it is stored: a document of `_graphs`, and nothing else (reference 3.5). */
export interface StoredGraph {
  readonly graph: GraphDefinition;
  readonly rev: string;
}

function graphCollection(request: ApiRequest): FrontCollection {
  const collection = databaseOf(request).collection('_graphs');
  if (collection === undefined) throw graphError(NO_GRAPH_COLLECTION, 'collection _graphs does not exist');
  return collection;
}

/** All graphs as the list shows them: the documents with their name. */
export async function listedGraphs(request: ApiRequest): Promise<readonly JsonObject[]> {
  return (await readAll(graphCollection(request))).map((document) => ({ ...document, name: document._key }));
}

export async function allGraphs(request: ApiRequest): Promise<readonly GraphDefinition[]> {
  return (await readAll(graphCollection(request))).map(graphOfDocument);
}

/** 404/1924 with the name, as the server words it. */
export async function needGraph(request: ApiRequest, name: string): Promise<StoredGraph> {
  const document = await graphCollection(request).get(name);
  if (document === undefined) throw graphError(GRAPH_NOT_FOUND, `graph '${name}' not found`);
  return { graph: graphOfDocument(jsonOf(document)), rev: document.rev };
}

/** What was stored, and whether it was made durable. */
export interface GraphWrite {
  readonly shown: JsonObject;
  readonly rev: string;
}

export async function insertGraph(
  request: ApiRequest,
  graph: GraphDefinition,
  waitForSync: boolean,
): Promise<GraphWrite> {
  if ((await graphCollection(request).get(graph.name)) !== undefined) {
    throw graphError(GRAPH_DUPLICATE, 'graph already exists');
  }
  return writeGraph(request, 'insert', graph, waitForSync);
}

export function replaceGraph(request: ApiRequest, graph: GraphDefinition, waitForSync: boolean): Promise<GraphWrite> {
  return writeGraph(request, 'replace', graph, waitForSync);
}

async function writeGraph(
  request: ApiRequest,
  kind: 'insert' | 'replace',
  graph: GraphDefinition,
  waitForSync: boolean,
): Promise<GraphWrite> {
  const { rev } = await writeOne(graphCollection(request), kind, graph.name, graphDocument(graph), waitForSync);
  return { shown: describeGraph(graph, rev, initialCidOf(request, graph)), rev };
}

export async function removeGraph(request: ApiRequest, name: string): Promise<void> {
  await writeOne(graphCollection(request), 'remove', name, undefined);
}

/** Makes the collections of a graph that are not there; one of the wrong kind is refused. */
export async function ensureCollections(request: ApiRequest, graph: GraphDefinition): Promise<void> {
  const { sharding } = graph;
  const vertices = vertexCollections(graph);
  // The collection that the others follow comes first.
  const initial = sharding?.initial;
  const ordered = initial === undefined ? vertices : [initial, ...vertices.filter((name) => name !== initial)];
  for (const name of ordered) await ensureCollection(request, graph, name, false);
  for (const name of edgeCollections(graph)) await ensureCollection(request, graph, name, true);
}

async function ensureCollection(
  request: ApiRequest,
  graph: GraphDefinition,
  name: string,
  isEdge: boolean,
): Promise<void> {
  const database = databaseOf(request);
  const existing = database.collection(name);
  if (existing === undefined) {
    await database.createCollection({ name, type: isEdge ? EDGE_TYPE : 2, ...collectionOptions(request, graph, name) });
    return;
  }
  if (isEdge && existing.type !== EDGE_TYPE) {
    throw graphError(WRONG_EDGE_TYPE, 'edge definition collection is a document collection');
  }
  if (!isEdge && existing.type === EDGE_TYPE) {
    throw graphError(WRONG_VERTEX_TYPE, 'collection not a vertex collection');
  }
}

/** Smart and satellite collections are ordinary ones here, spread like the graph's first. */
function collectionOptions(request: ApiRequest, graph: GraphDefinition, name: string): JsonObject {
  const { sharding } = graph;
  if (sharding === undefined || request.server.deployment.mode === 'single') return {};
  const { numberOfShards, replicationFactor, writeConcern, initial } = sharding;
  const numbers =
    replicationFactor === 'satellite' ? { replicationFactor } : { numberOfShards, replicationFactor, writeConcern };
  return initial === undefined || initial === name ? numbers : { ...numbers, distributeShardsLike: initial };
}

/** Drops those of the given collections that no other graph uses. */
export async function dropUnshared(request: ApiRequest, name: string, collections: readonly string[]): Promise<void> {
  const others = (await allGraphs(request)).filter((graph) => graph.name !== name);
  const used = new Set(others.flatMap((graph) => [...vertexCollections(graph), ...edgeCollections(graph)]));
  const doomed = collections.filter((collection) => !used.has(collection));
  const database = databaseOf(request);
  // Followers of a prototype go before it.
  const follows = (collection: string) =>
    database.collection(collection)?.describe().distributeShardsLike !== undefined;
  for (const collection of [...doomed.filter(follows), ...doomed.filter((one) => !follows(one))]) {
    await dropOne(request, collection);
  }
}

async function dropOne(request: ApiRequest, name: string): Promise<void> {
  const collection = databaseOf(request).collection(name);
  if (collection === undefined) return;
  await dropCollection(request, collection);
}

/** Up to 3.11 a graph tells the id of its initial collection (3.5). */
export function initialCidOf(request: ApiRequest, { sharding }: GraphDefinition): number | undefined {
  const { features } = request.server;
  if (!features.initialCidOfGraph || sharding?.initial === undefined) return undefined;
  const collection = databaseOf(request).collection(sharding.initial);
  return collection === undefined ? undefined : Number(collection.id);
}
