import type { ArangoServer } from '../arango.ts';
import type { ShardPlace } from './topology.ts';

export interface ShardFacts {
  readonly count: number;
  /** As its markers carry it. */
  readonly cuid: string;
}

/** Asks the shard's server itself. Throws ArangoError 404 when the shard is not there. */
export async function shardFacts(server: ArangoServer, place: ShardPlace, signal: AbortSignal): Promise<ShardFacts> {
  const answer = await server.json<{ count: number; globallyUniqueId: string }>({
    method: 'GET',
    path: `/_api/collection/${encodeURIComponent(place.shard)}/count`,
    database: place.database,
    signal,
  });
  return { count: answer.count, cuid: answer.globallyUniqueId };
}
