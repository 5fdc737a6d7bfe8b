import { type ArangoDeployment, ArangoError, type ArangoServer, ArangoUnreachable } from '../arango.ts';
import { collectionFacts } from '../collection-facts.ts';
import { documentsByKey } from '../documents-by-key.ts';
import { TargetChanged } from './failures.ts';
import type { ShardKeys } from './lines.ts';
import { shardKeyValues } from './shard-key-values.ts';
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

/** What a shard holds under a key. */
export interface StoredVersion {
  readonly revision: string;
  /** What tells this shard from the others; undefined where that cannot be said exactly. */
  readonly shardKeys: ShardKeys | undefined;
}

/**
 * What this very shard stores under keys, at least one, read on its leader: a coordinator could answer from another shard.
 * Only of those that it holds. By the bulk form, since a key can be one that no URL carries (reference 9.4).
 */
export async function storedVersions(
  deployment: ArangoDeployment,
  target: ShardTarget,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredVersion>> {
  const leader = await leaderOf(deployment, target);
  const items = await leader.json<{ _rev?: string; [attribute: string]: unknown }[]>({
    method: 'PUT',
    path: `/_api/document/${encodeURIComponent(target.shardName)}`,
    database: target.database,
    query: { onlyget: true },
    body: keys,
    repeatable: true,
    signal,
  });
  return new Map(
    keys.flatMap((key, index) => {
      const document = items[index];
      if (document?._rev === undefined) return [];
      const shardKeys = shardKeyValues(target.sharding.keys, document);
      return [[key, { revision: document._rev, shardKeys }] as const];
    }),
  );
}

/**
 * What the target holds under these keys: in the very shard, or, not 1:1, wherever in the collection. Undefined where it
 * holds none.
 */
export async function storedDocuments(
  deployment: ArangoDeployment,
  target: ShardTarget,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly (Buffer | undefined)[]> {
  const { database, address, shardName, isOneToOne } = target;
  const place = isOneToOne
    ? { server: await leaderOf(deployment, target), database, collection: shardName }
    : { server: deployment.front, database, collection: address };
  return documentsByKey(place, keys, signal);
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
