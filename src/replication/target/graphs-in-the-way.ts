import type { ShardRef } from '../../wire/shards.ts';
import type { ArangoDeployment } from '../arango.ts';
import { documentsByKey } from '../documents-by-key.ts';
import { collectionsOf, GraphDocument, readGraphs } from './read-graphs.ts';

/** "must not drop collection while part of graph", since 3.12 (reference 1.4). */
export const GRAPH_HOLDS_COLLECTION = 1942;

const GRAPHS = '_graphs';

/** Resolves when it is recorded that the shard has to be compared, in whichever outcome. */
export type GraphDoubt = (shard: ShardRef, reason: string) => Promise<void>;

/**
 * Does something to a collection while no graph of its database names it. A collection that was made anew on the source is
 * named by graphs that come with the data: they may be here before the collection could be made anew here, which they then
 * prevent. So they are put aside, and put back as they were unless the stream has brought newer ones. It is recorded before
 * that they have to be compared: who dies in between leaves a repair to others, and no quiet difference.
 */
export async function withoutGraphsOf(
  { front }: ArangoDeployment,
  { database, collection }: { readonly database: string; readonly collection: string },
  { work, onDoubt }: { readonly work: () => Promise<void>; readonly onDoubt: GraphDoubt },
  signal: AbortSignal,
): Promise<void> {
  const keys = (await readGraphs(front, database, signal)).map(({ name }) => name);
  const found = await documentsByKey({ server: front, database, collection: GRAPHS }, keys, signal);
  // As texts: they go back with their revisions, and nothing about them changed.
  const texts = found.flatMap((document) => (document === undefined ? [] : [document.toString('utf8')]));
  const naming = texts.filter((text) => names(JSON.parse(text), collection));
  const path = `/_api/document/${GRAPHS}`;
  const reason = `graphs that name ${database}/${collection} were put aside while it was made anew`;
  await onDoubt({ database, collection: GRAPHS, shardIndex: 0 }, reason);
  await front.json({ method: 'DELETE', path, database, body: naming.map(keyOf), signal });
  try {
    await work();
  } finally {
    const kept = { isRestore: true, overwriteMode: 'ignore', waitForSync: true };
    await front.json({ method: 'POST', path, database, query: kept, body: `[${naming.join(',')}]` });
  }
}

function names(document: unknown, collection: string): boolean {
  const graph = GraphDocument.safeParse(document).data;
  return graph !== undefined && collectionsOf(graph).includes(collection);
}

function keyOf(text: string): string {
  return GraphDocument.parse(JSON.parse(text))._key;
}
