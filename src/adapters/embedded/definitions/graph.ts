import { EngineError } from '../engine/errors.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import { isJsonArray, isJsonObject, jsonEqual, type MutableJson, numberOr } from './json.ts';

/** An edge collection of a graph, and what its edges join; lists sorted, without repetitions. */
export interface EdgeDefinition {
  readonly collection: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** How the collections of a graph are spread, and which kind of graph it is. Absent on a general graph of a single server. */
export interface GraphSharding {
  readonly numberOfShards: number;
  readonly replicationFactor: number | 'satellite';
  readonly writeConcern: number;
  readonly isSmart: boolean;
  readonly isDisjoint: boolean;
  readonly smartGraphAttribute: string | undefined;
  /** The vertex collection that the others follow; undefined in general graphs. */
  readonly initial: string | undefined;
}

export interface GraphDefinition {
  readonly name: string;
  readonly edgeDefinitions: readonly EdgeDefinition[];
  readonly orphanCollections: readonly string[];
  readonly sharding: GraphSharding | undefined;
}

/** Errors of graphs: number, text, status; 400 but for those of reference 1.4. */
export function graphError(errorNum: number, message: string): EngineError {
  return new EngineError(errorNum, message, errorNum === 1925 ? 409 : notFound.has(errorNum) ? 404 : 400);
}
const notFound: ReadonlySet<number> = new Set([1924, 1926, 1930, 1932]);

const MALFORMED = 1923;
const CORRUPT = 1941;
const INVALID_GRAPH = 1901;

/** Reads `{collection, from, to}` of a request. Throws 400/1923 or 400/1941 as the server. */
export function parseEdgeDefinition(value: Json | undefined): EdgeDefinition {
  if (!isJsonObject(value)) throw graphError(MALFORMED, 'malformed edge definition');
  for (const name of ['collection', 'from', 'to']) {
    if (value[name] === undefined) throw graphError(CORRUPT, `Attribute '${name}' missing in edge definition!`);
  }
  const collection = value.collection;
  if (typeof collection !== 'string') throw graphError(CORRUPT, 'edge definition is not a string!');
  const from = names('from', value.from);
  const to = names('to', value.to);
  if (from.length === 0 || to.length === 0) throw graphError(MALFORMED, 'malformed edge definition');
  return { collection, from, to };
}

function names(attribute: string, value: Json | undefined): readonly string[] {
  if (!isJsonArray(value)) throw graphError(CORRUPT, `Edge definition '${attribute}' is not an array!`);
  if (!value.every((name): name is string => typeof name === 'string')) {
    throw graphError(CORRUPT, `Edge definition '${attribute}' does not only contain strings!`);
  }
  return sorted(value);
}

function sorted(values: Iterable<string>): readonly string[] {
  return [...new Set(values)].sort();
}

/** A graph of a request (reference 3.5). `clusterDefaults` are the database's, undefined on a single server. */
export function parseGraph(request: JsonObject, clusterDefaults: ShardingDefaults | undefined): GraphDefinition {
  const name = request.name;
  if (typeof name !== 'string' || name === '') {
    throw graphError(1922, 'missing graph name');
  }
  let graph: GraphDefinition = { name, edgeDefinitions: [], orphanCollections: [], sharding: undefined };
  const edges = request.edgeDefinitions;
  if (edges !== undefined && !isJsonArray(edges))
    throw graphError(INVALID_GRAPH, "'edgeDefinitions' are not an array in the graph definition");
  for (const edge of edges ?? []) graph = withEdgeDefinition(graph, parseEdgeDefinition(edge));
  const orphans = request.orphanCollections;
  if (orphans !== undefined && !isJsonArray(orphans))
    throw graphError(INVALID_GRAPH, "'orphanCollections' are not an array in the graph definition");
  for (const orphan of orphans ?? []) {
    if (typeof orphan !== 'string') throw graphError(CORRUPT, 'orphan collection is not a string!');
    if (!vertexCollections(graph).includes(orphan)) graph = withOrphan(graph, orphan);
  }
  return { ...graph, sharding: shardingOf(request, graph, clusterDefaults) };
}

export interface ShardingDefaults {
  readonly replicationFactor: number;
  readonly writeConcern: number;
}

function shardingOf(
  request: JsonObject,
  graph: GraphDefinition,
  cluster: ShardingDefaults | undefined,
): GraphSharding | undefined {
  const options = isJsonObject(request.options) ? request.options : {};
  const isSmart = request.isSmart === true;
  const isSatellite = options.replicationFactor === 'satellite';
  if (cluster === undefined && !isSmart && !isSatellite) return undefined;
  const factor = numberOr(options.replicationFactor, cluster?.replicationFactor ?? 1);
  if (factor < 1) throw graphError(10, 'replicationFactor must be greater than zero');
  const attribute = options.smartGraphAttribute;
  return {
    numberOfShards: isSatellite ? 1 : numberOr(options.numberOfShards, 1),
    replicationFactor: isSatellite ? 'satellite' : factor,
    writeConcern: numberOr(options.writeConcern ?? options.minReplicationFactor, cluster?.writeConcern ?? 1),
    isSmart,
    isDisjoint: options.isDisjoint === true,
    smartGraphAttribute: typeof attribute === 'string' ? attribute : undefined,
    initial: isSmart || isSatellite ? initialCollection(graph, satellitesOf(options)) : undefined,
  };
}

function satellitesOf(options: JsonObject): readonly Json[] {
  return isJsonArray(options.satellites) ? options.satellites : [];
}

function initialCollection(graph: GraphDefinition, satellites: readonly Json[]): string | undefined {
  const candidates = [
    ...graph.edgeDefinitions.flatMap((edge) => [...edge.from, ...edge.to]),
    ...graph.orphanCollections,
  ];
  return candidates.find((name) => !satellites.includes(name));
}

/** Every vertex collection, orphans too, sorted. */
export function vertexCollections(graph: GraphDefinition): readonly string[] {
  return sorted([...joinedCollections(graph), ...graph.orphanCollections]);
}

function joinedCollections(graph: GraphDefinition): readonly string[] {
  return graph.edgeDefinitions.flatMap((edge) => [...edge.from, ...edge.to]);
}

export function edgeCollections(graph: GraphDefinition): readonly string[] {
  return sorted(graph.edgeDefinitions.map((edge) => edge.collection));
}

/** Adds an edge definition; what it joins is no orphan any more. 400/1920 when its collection is one already. */
export function withEdgeDefinition(graph: GraphDefinition, edge: EdgeDefinition): GraphDefinition {
  if (edgeCollections(graph).includes(edge.collection)) {
    throw graphError(1920, `${edge.collection} multi use of edge collection in edge def`);
  }
  return withoutJoinedOrphans({ ...graph, edgeDefinitions: byCollection([...graph.edgeDefinitions, edge]) });
}

/** Puts a definition in the place of the one of its collection; vertices that nothing joins now become orphans. */
export function withReplacedEdgeDefinition(graph: GraphDefinition, edge: EdgeDefinition): GraphDefinition {
  const old = graph.edgeDefinitions.find((one) => one.collection === edge.collection);
  if (old === undefined) throw graphError(1930, 'edge collection not used in graph');
  const others = graph.edgeDefinitions.filter((one) => one !== old);
  return withNewOrphans({ ...graph, edgeDefinitions: byCollection([...others, edge]) }, old);
}

/** 404/1930 when it is not there. */
export function withoutEdgeDefinition(graph: GraphDefinition, collection: string): GraphDefinition {
  const old = graph.edgeDefinitions.find((one) => one.collection === collection);
  if (old === undefined) throw graphError(1930, 'edge collection not used in graph');
  return withNewOrphans({ ...graph, edgeDefinitions: graph.edgeDefinitions.filter((one) => one !== old) }, old);
}

function withNewOrphans(graph: GraphDefinition, old: EdgeDefinition): GraphDefinition {
  const orphans = sorted([...graph.orphanCollections, ...old.from, ...old.to]);
  return withoutJoinedOrphans({ ...graph, orphanCollections: orphans });
}

function withoutJoinedOrphans(graph: GraphDefinition): GraphDefinition {
  const joined = joinedCollections(graph);
  return { ...graph, orphanCollections: graph.orphanCollections.filter((name) => !joined.includes(name)) };
}

function byCollection(edges: readonly EdgeDefinition[]): readonly EdgeDefinition[] {
  return [...edges].sort((left, right) => (left.collection < right.collection ? -1 : 1));
}

/** 400/1938 when it is an orphan already, 400/1929 when edges join it. */
export function withOrphan(graph: GraphDefinition, collection: string): GraphDefinition {
  if (graph.orphanCollections.includes(collection)) {
    throw graphError(1938, 'collection used in orphans');
  }
  if (joinedCollections(graph).includes(collection)) {
    throw graphError(1929, `${collection} collection already used in edge def`);
  }
  return { ...graph, orphanCollections: sorted([...graph.orphanCollections, collection]) };
}

/** 400/1928 when it is none. */
export function withoutOrphan(graph: GraphDefinition, collection: string): GraphDefinition {
  if (!graph.orphanCollections.includes(collection)) {
    throw graphError(1928, 'collection is not in list of orphan collections');
  }
  return { ...graph, orphanCollections: graph.orphanCollections.filter((name) => name !== collection) };
}

/** The name of an edge collection that both use differently; undefined when they agree. */
export function conflictingEdgeCollection(left: GraphDefinition, right: GraphDefinition): string | undefined {
  return left.edgeDefinitions.find((edge) => {
    const other = right.edgeDefinitions.find((one) => one.collection === edge.collection);
    return other !== undefined && !jsonEqual(edgeJson(edge), edgeJson(other));
  })?.collection;
}

function edgeJson(edge: EdgeDefinition): JsonObject {
  return { collection: edge.collection, from: edge.from, to: edge.to };
}

/** The document of `_graphs`, without `_id` and `_rev`. */
export function graphDocument(graph: GraphDefinition, initialCid?: number): JsonObject {
  const { sharding } = graph;
  const tail: MutableJson = {};
  if (sharding?.initial !== undefined) tail.initial = sharding.initial;
  if (sharding?.initial !== undefined && initialCid !== undefined) tail.initialCid = initialCid;
  if (sharding?.isSmart === true) {
    if (sharding.smartGraphAttribute !== undefined) tail.smartGraphAttribute = sharding.smartGraphAttribute;
    tail.isDisjoint = sharding.isDisjoint;
  }
  return {
    _key: graph.name,
    ...(sharding === undefined ? {} : shardingDocument(sharding)),
    edgeDefinitions: graph.edgeDefinitions.map(edgeJson),
    orphanCollections: graph.orphanCollections,
    ...tail,
  };
}

function shardingDocument(sharding: GraphSharding): JsonObject {
  const { numberOfShards, replicationFactor, writeConcern, isSmart } = sharding;
  const isSatellite = replicationFactor === 'satellite';
  // `minReplicationFactor` is the old name of the write concern; both are told.
  const concern = isSatellite ? {} : { minReplicationFactor: writeConcern, writeConcern };
  return { numberOfShards, replicationFactor, ...concern, isSmart, isSatellite };
}

/** Reads a document of `_graphs`. 400/1941 for one that is no graph. */
export function graphOfDocument(document: JsonObject): GraphDefinition {
  const name = document._key;
  const edges = document.edgeDefinitions;
  const orphans = document.orphanCollections;
  if (typeof name !== 'string') throw graphError(CORRUPT, 'internal graph data corrupt');
  return {
    name,
    edgeDefinitions: byCollection((isJsonArray(edges) ? edges : []).map(parseEdgeDefinition)),
    orphanCollections: isJsonArray(orphans) ? sorted(orphans.filter((orphan) => typeof orphan === 'string')) : [],
    sharding: storedSharding(document),
  };
}

function storedSharding(document: JsonObject): GraphSharding | undefined {
  const factor = document.replicationFactor;
  if (typeof factor !== 'number' && factor !== 'satellite') return undefined;
  const { smartGraphAttribute: attribute, initial } = document as MutableJson;
  return {
    numberOfShards: numberOr(document.numberOfShards, 1),
    replicationFactor: factor,
    writeConcern: numberOr(document.writeConcern, 1),
    isSmart: document.isSmart === true,
    isDisjoint: document.isDisjoint === true,
    smartGraphAttribute: typeof attribute === 'string' ? attribute : undefined,
    initial: typeof initial === 'string' ? initial : undefined,
  };
}

/** A graph as answers show it; `initialCid`: the id of its initial collection, where the version tells it. */
export function describeGraph(graph: GraphDefinition, rev: string, initialCid?: number): JsonObject {
  return { ...graphDocument(graph, initialCid), _rev: rev, _id: `_graphs/${graph.name}`, name: graph.name };
}
