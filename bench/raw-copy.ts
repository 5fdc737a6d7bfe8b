import type { ArangoDeployment, ArangoServer } from '../src/replication/arango.ts';

/** As the source engine asks for it. */
const CHUNK_BYTES = 2 * 1_024 * 1_024;
const BATCH_TTL_S = 300;

/**
 * The least that could be called a copy, as the baseline: a snapshot of each DB-Server of the source, all shards of the
 * collection dumped side by side, each chunk posted as it came while the next one is read. Our own copy makes the same
 * calls with the same chunks, as many shards at once ({@link copiesAtOnce} of both engines allows 16). No queue, no TLS, no
 * progress, nothing is checked, and what the target holds is not looked at.
 */
export async function rawCopy(
  source: ArangoDeployment,
  target: ArangoServer,
  database: string,
  collection: string,
): Promise<void> {
  const path = '/_api/replication/clusterInventory';
  const { collections } = await source.front.json<{
    collections: readonly { parameters: { name: string; shards: Readonly<Record<string, readonly string[]>> } }[];
  }>({ method: 'GET', database, path });
  const found = collections.find(({ parameters: { name } }) => name === collection);
  if (found === undefined) throw new Error(`the source has no ${collection}`);
  const byLeader = Map.groupBy(Object.entries(found.parameters.shards), ([, servers]) => servers[0] ?? '');
  const copies = [...byLeader].map(async ([leader, shards]) => {
    const server = await source.dbServer(leader);
    const batches = '/_api/replication/batch';
    const { id } = await server.json<{ id: string }>({ method: 'POST', path: batches, body: { ttl: BATCH_TTL_S } });
    await Promise.all(shards.map(([shard]) => copyShard(server, id, shard, target, database, collection)));
    await server.request({ method: 'DELETE', path: `${batches}/${id}` });
  });
  await Promise.all(copies);
}

async function copyShard(
  server: ArangoServer,
  batchId: string,
  shard: string,
  target: ArangoServer,
  database: string,
  collection: string,
): Promise<void> {
  const dump = () => {
    const query = { collection: shard, batchId, useEnvelope: false, chunkSize: CHUNK_BYTES };
    return server.request({ method: 'GET', database, path: '/_api/replication/dump', query });
  };
  let next: ReturnType<typeof dump> | undefined = dump();
  while (next !== undefined) {
    const answer: Awaited<ReturnType<typeof dump>> = await next;
    if (answer.status >= 400) throw new Error(`the raw copy could not read: ${answer.status}`);
    const isLast = answer.status === 204 || answer.headers['x-arango-replication-checkmore'] !== 'true';
    next = isLast ? undefined : dump();
    if (answer.status === 200) await post(answer.body, target, database, collection);
  }
}

async function post(lines: Buffer, target: ArangoServer, database: string, collection: string): Promise<void> {
  const query = { isRestore: true, overwriteMode: 'replace', skipDocumentValidation: true, silent: true };
  const path = `/_api/document/${collection}`;
  const body = `[${lines.toString('latin1').trimEnd().replaceAll('\n', ',')}]`;
  const answer = await target.request({ method: 'POST', database, path, query, body: Buffer.from(body, 'latin1') });
  if (answer.status >= 400)
    throw new Error(`the raw copy could not write: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
}
