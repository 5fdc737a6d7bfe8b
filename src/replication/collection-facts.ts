import type { ArangoServer } from './arango.ts';

export interface CollectionFacts {
  readonly count: number;
  /** As markers carry it. */
  readonly cuid: string;
}

/** Asks a server itself, a DB-Server by the name of its shard. Throws ArangoError 404 when there is no such collection. */
export async function collectionFacts(
  server: ArangoServer,
  database: string,
  name: string,
  signal: AbortSignal,
): Promise<CollectionFacts> {
  const path = `/_api/collection/${encodeURIComponent(name)}/count`;
  const { count, globallyUniqueId } = await server.json<{ count: number; globallyUniqueId: string }>({
    ...{ method: 'GET', path, database, signal },
  });
  return { count, cuid: globallyUniqueId };
}
