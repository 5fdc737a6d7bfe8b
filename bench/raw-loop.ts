import { setTimeout as sleep } from 'node:timers/promises';
import type { ArangoDeployment, ArangoServer } from '../src/replication/arango.ts';

const CHUNK_BYTES = 2 * 1_024 * 1_024;
/** As in the source engine: a batch to one shard holds at most so many documents. */
const BATCH_DOCUMENTS = 5_000;
const IDLE_MS = 5;

/** The collection of a document, by its text. */
export type CollectionOf = (document: string) => string;

/**
 * The least that could be called replication, as the baseline: tail every DB-Server of the source and post the documents
 * of one database to the target, each shard's to the collection that its first document belongs to, in batches of the
 * same size, those of a chunk side by side. No queue, no TLS, no checkpoints, no order across batches, nothing is checked.
 * Resolves with the bytes of log that it has read.
 */
export async function runRawLoop(
  source: ArangoDeployment,
  target: ArangoServer,
  database: string,
  collectionOf: CollectionOf,
  from: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<number> {
  const lanes = [...from].map(async ([id, tick]) =>
    tailServer(await source.dbServer(id), tick, target, database, collectionOf, signal),
  );
  return (await Promise.all(lanes)).reduce((sum, bytes) => sum + bytes, 0);
}

async function tailServer(
  server: ArangoServer,
  firstTick: string,
  target: ArangoServer,
  database: string,
  collectionOf: CollectionOf,
  signal: AbortSignal,
): Promise<number> {
  let read = 0;
  let position = firstTick;
  let lastScanned = '0';
  while (!signal.aborted) {
    const query = { global: true, includeSystem: true, from: position, lastScanned, chunkSize: CHUNK_BYTES };
    const answer = await server.request({ method: 'GET', path: '/_api/wal/tail', query });
    read += answer.body.length;
    lastScanned = answer.headers['x-arango-replication-lastscanned'] ?? '0';
    const lastIncluded = answer.headers['x-arango-replication-lastincluded'] ?? '0';
    if (answer.status === 200) await post(answer.body, target, database, collectionOf);
    if (lastIncluded === '0') await sleep(IDLE_MS);
    else position = lastIncluded;
  }
  return read;
}

async function post(body: Buffer, target: ArangoServer, database: string, collectionOf: CollectionOf): Promise<void> {
  const query = { isRestore: true, overwriteMode: 'replace', silent: true };
  const posts = batchesOf(body, database).map(async (documents) => {
    const path = `/_api/document/${collectionOf(documents[0] ?? '')}`;
    const answer = await target.request({ method: 'POST', database, path, query, body: `[${documents.join(',')}]` });
    if (answer.status >= 400)
      throw new Error(`the raw loop could not write: ${answer.status} ${answer.body.toString()}`);
  });
  await Promise.all(posts);
}

/** Documents of the database's markers per shard, cut from their lines: the data ends each line. */
function batchesOf(body: Buffer, database: string): string[][] {
  const byShard = new Map<string, string[]>();
  const prefix = `"type":2300,"db":"${database}","cuid":"`;
  for (const line of body.toString('utf8').split('\n')) {
    const at = line.indexOf(prefix);
    if (at === -1) continue;
    const cuid = line.slice(at + prefix.length, line.indexOf('"', at + prefix.length));
    const documents = byShard.get(cuid) ?? [];
    documents.push(line.slice(line.indexOf('"data":') + 7, -1));
    byShard.set(cuid, documents);
  }
  return [...byShard.values()].flatMap((documents) =>
    Array.from({ length: Math.ceil(documents.length / BATCH_DOCUMENTS) }, (_, index) =>
      documents.slice(index * BATCH_DOCUMENTS, (index + 1) * BATCH_DOCUMENTS),
    ),
  );
}
