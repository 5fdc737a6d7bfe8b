import { z } from 'zod';
import type { ArangoServer } from '../arango.ts';
import type { TargetGraph } from './read-structure.ts';

/** A document of `_graphs`, as far as it names collections. */
export const GraphDocument = z.looseObject({
  _key: z.string(),
  edgeDefinitions: z
    .array(z.looseObject({ collection: z.string(), from: z.array(z.string()), to: z.array(z.string()) }))
    .default([]),
  orphanCollections: z.array(z.string()).default([]),
});
export type GraphDocument = z.infer<typeof GraphDocument>;

const Graphs = z.object({ graphs: z.array(GraphDocument) });

/** Named graphs of a database, with all collections that each is made of, whether these are there or not. */
export async function readGraphs(front: ArangoServer, database: string, signal: AbortSignal): Promise<TargetGraph[]> {
  const { graphs } = Graphs.parse(await front.json({ method: 'GET', path: '/_api/gharial', database, signal }));
  return graphs.map((graph) => ({ name: graph._key, collections: collectionsOf(graph) }));
}

/** All collections that a graph is made of, by name, each once. */
export function collectionsOf({ edgeDefinitions, orphanCollections }: GraphDocument): string[] {
  const ends = edgeDefinitions.flatMap(({ collection, from, to }) => [collection, ...from, ...to]);
  return [...new Set([...ends, ...orphanCollections])].sort();
}
