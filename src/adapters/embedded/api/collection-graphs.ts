import type { JsonObject } from '../engine/types.ts';
import { isObject } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';

/** What part a collection has in a graph, in the words of error 1942. */
export interface GraphPart {
  readonly graph: string;
  readonly part: 'an edge' | 'a vertex' | 'an orphan';
}

/** The graphs of the request's database that use the collection. A graph is a document of `_graphs` (3.5). */
export async function graphsWith(request: ApiRequest, collection: string): Promise<readonly GraphPart[]> {
  const found: GraphPart[] = [];
  for (const graph of await graphs(request)) {
    const part = partOf(graph, collection);
    if (part !== undefined) found.push({ graph: String(graph._key), part });
  }
  return found;
}

/** After a rename graph definitions follow (3.2). */
export async function renameInGraphs(request: ApiRequest, oldName: string, newName: string): Promise<void> {
  const collection = request.server.front.database(request.database)?.collection('_graphs');
  for (const graph of await graphs(request)) {
    if (collection === undefined || partOf(graph, oldName) === undefined) continue;
    const { edgeDefinitions, orphanCollections } = renamed(graph, oldName, newName);
    const patch = Buffer.from(JSON.stringify({ _key: graph._key, edgeDefinitions, orphanCollections }));
    const item = { text: { bytes: patch, start: 0, end: patch.length } };
    await collection.write({ kind: 'update', items: [item], bulk: false });
  }
}

async function graphs(request: ApiRequest): Promise<JsonObject[]> {
  const collection = request.server.front.database(request.database)?.collection('_graphs');
  if (collection === undefined) return [];
  return [...(await collection.documents())].map((document) => JSON.parse(document.bytes().toString()) as JsonObject);
}

function partOf(graph: JsonObject, collection: string): GraphPart['part'] | undefined {
  if (list(graph.orphanCollections).includes(collection)) return 'an orphan';
  for (const definition of list(graph.edgeDefinitions)) {
    if (!isObject(definition)) continue;
    if (definition.collection === collection) return 'an edge';
    if (list(definition.from).includes(collection) || list(definition.to).includes(collection)) return 'a vertex';
  }
  return undefined;
}

function renamed(graph: JsonObject, oldName: string, newName: string): JsonObject {
  const exchange = (names: JsonObject[string]) => list(names).map((name) => (name === oldName ? newName : name));
  return {
    orphanCollections: exchange(graph.orphanCollections),
    edgeDefinitions: list(graph.edgeDefinitions).map((definition) => {
      if (!isObject(definition)) return definition;
      const collection = definition.collection === oldName ? newName : definition.collection;
      return {
        ...definition,
        collection: collection ?? null,
        from: exchange(definition.from),
        to: exchange(definition.to),
      };
    }),
  };
}

function list(value: JsonObject[string]): readonly NonNullable<JsonObject[string]>[] {
  return Array.isArray(value) ? value : [];
}
