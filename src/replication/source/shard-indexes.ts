import type { ArangoServer } from '../arango.ts';
import type { ShardPlace } from './topology.ts';

/** Definitions of a shard's indexes as its leader has them now, as JSON. */
export async function shardIndexes(
  server: ArangoServer,
  { database, shard }: Pick<ShardPlace, 'database' | 'shard'>,
  signal: AbortSignal,
): Promise<Buffer> {
  const query = { collection: shard };
  const { indexes } = await server.json<{ indexes: readonly unknown[] }>({
    method: 'GET',
    path: '/_api/index',
    database,
    query,
    signal,
  });
  return Buffer.from(JSON.stringify(indexes));
}
