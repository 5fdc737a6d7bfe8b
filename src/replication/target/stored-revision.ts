import { type ArangoDeployment, ArangoError, type ArangoServer, ArangoUnreachable } from '../arango.ts';
import { collectionFacts } from '../collection-facts.ts';
import { TargetChanged } from './failures.ts';
import type { ShardTarget } from './shard-target.ts';

/** The server that holds the shard's leader: a DB-Server, or the single server. */
export async function leaderOf(
  deployment: ArangoDeployment,
  target: Pick<ShardTarget, 'leader'>,
): Promise<ArangoServer> {
  if (deployment.kind === 'single') return deployment.front;
  try {
    return await deployment.dbServer(target.leader);
  } catch (error) {
    if (error instanceof ArangoError || error instanceof ArangoUnreachable) throw error;
    throw new TargetChanged(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * Revision under which this very shard stores a key, read on its leader: a coordinator could answer from another shard.
 * Undefined when it holds none. By the bulk form, since a key can be one that no URL carries (reference 9.4).
 */
export async function storedRevision(
  deployment: ArangoDeployment,
  target: ShardTarget,
  key: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const leader = await leaderOf(deployment, target);
  const [item] = await leader.json<{ _rev?: string }[]>({
    method: 'PUT',
    path: `/_api/document/${encodeURIComponent(target.shardName)}`,
    database: target.database,
    query: { onlyget: true },
    body: [key],
    repeatable: true,
    signal,
  });
  return item?._rev;
}

/** Whether the shard holds nothing, by what its leader counts. */
export async function isEmpty(
  deployment: ArangoDeployment,
  target: ShardTarget,
  signal: AbortSignal,
): Promise<boolean> {
  const leader = await leaderOf(deployment, target);
  const { count } = await collectionFacts(leader, target.database, target.shardName, signal);
  return count === 0;
}
