import type { ArangoDeployment, ArangoServer } from '../../replication/arango.ts';
import type { SideChecksum } from '../../wire/checksums.ts';
import type { ShardRef } from '../../wire/shards.ts';
import { treeDigest } from './tree-digest.ts';

/** A shard as it lies in this deployment. */
export interface PlacedShard {
  /** By the source's names. */
  readonly shard: ShardRef;
  readonly database: string;
  /** `s10061`; the collection's name on a single server. */
  readonly name: string;
  /** Id of the leading DB-Server; undefined while none leads. */
  readonly leader: string | undefined;
}

/** A batch keeps the trees of so many shards: trees roll forward under an old batch (reference 5.8.1, #17018). */
export const shardsPerBatch = 64;
export const treesAtOncePerServer = 8;
const batchTtlSeconds = 120;
/** A tree that is gone is asked for again with a batch of its own, so often. */
const attemptsMax = 4;

/** Digests of the revision trees of shards, each taken on its leader; grouped, so that thousands are cheap. */
export async function shardDigests(
  deployment: ArangoDeployment,
  shards: readonly PlacedShard[],
  signal: AbortSignal,
): Promise<SideChecksum[]> {
  const byServer = Map.groupBy(shards, (shard) => shard.leader);
  const perServer = await Promise.all(
    [...byServer].map(([leader, placed]) => digestsOnServer(deployment, leader, placed, signal)),
  );
  return perServer.flat();
}

async function digestsOnServer(
  deployment: ArangoDeployment,
  leader: string | undefined,
  shards: readonly PlacedShard[],
  signal: AbortSignal,
): Promise<SideChecksum[]> {
  if (leader === undefined) return shards.map(({ shard }) => ({ shard, error: 'the shard has no leader now' }));
  try {
    const server = await deployment.dbServer(leader);
    const results: SideChecksum[] = [];
    for (let at = 0; at < shards.length; at += shardsPerBatch) {
      results.push(...(await digestsOfGroup(server, shards.slice(at, at + shardsPerBatch), signal)));
    }
    return results;
  } catch (error) {
    signal.throwIfAborted();
    return shards.map(({ shard }) => ({ shard, error: reasonOf(error) }));
  }
}

/** One batch for a group; what fails is tried again, each shard with a fresh batch. */
async function digestsOfGroup(
  server: ArangoServer,
  group: readonly PlacedShard[],
  signal: AbortSignal,
): Promise<SideChecksum[]> {
  const first = await withBatch(server, signal, (batchId) =>
    inParallel(group, treesAtOncePerServer, (shard) => digestOf(server, shard, batchId, signal)),
  );
  return await inParallel(first, treesAtOncePerServer, async (result, index) => {
    const placed = group[index];
    if (!('error' in result) || placed === undefined) return result;
    return retry(server, placed, result, signal);
  });
}

async function retry(
  server: ArangoServer,
  placed: PlacedShard,
  failed: SideChecksum,
  signal: AbortSignal,
): Promise<SideChecksum> {
  let result = failed;
  for (let attempt = 2; attempt <= attemptsMax && 'error' in result && result.missing !== true; attempt += 1) {
    result = await withBatch(server, signal, (batchId) => digestOf(server, placed, batchId, signal));
  }
  return result;
}

async function digestOf(
  server: ArangoServer,
  { shard, database, name }: PlacedShard,
  batchId: string,
  signal: AbortSignal,
): Promise<SideChecksum> {
  const answer = await server.request({
    method: 'GET',
    path: '/_api/replication/revisions/tree',
    database,
    query: { collection: name, batchId, onlyPopulated: true },
    signal,
  });
  const text = answer.body.toString();
  if (answer.status === 404) return { shard, error: `${server.name} does not hold ${database}/${name}`, missing: true };
  const digest = answer.status === 200 ? treeDigest(text) : undefined;
  if (digest !== undefined) return { shard, checksum: digest };
  return {
    shard,
    error: `${server.name} gives no revision tree of ${database}/${name}: ${answer.status} ${text.slice(0, 200)}`,
  };
}

/** Works with a snapshot of the server, and lets go of it. */
export async function withBatch<T>(
  server: ArangoServer,
  signal: AbortSignal,
  use: (id: string) => Promise<T>,
): Promise<T> {
  const path = '/_api/replication/batch';
  const { id } = await server.json<{ id: string }>({ method: 'POST', path, body: { ttl: batchTtlSeconds }, signal });
  try {
    return await use(id);
  } finally {
    // A batch that cannot be deleted ends by its ttl.
    await server.request({ method: 'DELETE', path: `${path}/${encodeURIComponent(id)}` }).catch(() => undefined);
  }
}

/** Maps with at most `limit` running at once; keeps order. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const workers = Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (const [index, item] of queue) results[index] = await map(item, index);
  });
  await Promise.all(workers);
  return results;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
