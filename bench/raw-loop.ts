import { setTimeout as sleep } from 'node:timers/promises';
import type { ArangoDeployment, ArangoServer } from '../src/replication/arango.ts';

const CHUNK_BYTES = 2 * 1_024 * 1_024;
/** As in the source engine: a batch to one shard holds at most so many documents. */
const BATCH_DOCUMENTS = 5_000;
const IDLE_MS = 5;

/**
 * The least that could be called replication, as the baseline: tail every DB-Server of the source and post the documents
 * of one collection to the target, in batches of the same size, those of a chunk side by side. No queue, no TLS, no
 * checkpoints, no order across batches, nothing is checked.
 */
export async function runRawLoop(
  source: ArangoDeployment,
  target: ArangoServer,
  database: string,
  collection: string,
  from: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const lanes = [...from].map(async ([id, tick]) =>
    tailServer(await source.dbServer(id), tick, target, database, collection, signal),
  );
  await Promise.all(lanes);
}

async function tailServer(
  server: ArangoServer,
  firstTick: string,
  target: ArangoServer,
  database: string,
  collection: string,
  signal: AbortSignal,
): Promise<void> {
  let position = firstTick;
  let lastScanned = '0';
  while (!signal.aborted) {
    const query = { global: true, includeSystem: true, from: position, lastScanned, chunkSize: CHUNK_BYTES };
    const answer = await server.request({ method: 'GET', path: '/_api/wal/tail', query });
    lastScanned = answer.headers['x-arango-replication-lastscanned'] ?? '0';
    const lastIncluded = answer.headers['x-arango-replication-lastincluded'] ?? '0';
    if (answer.status === 200) await post(answer.body, target, database, collection);
    if (lastIncluded === '0') await sleep(IDLE_MS);
    else position = lastIncluded;
  }
}

async function post(body: Buffer, target: ArangoServer, database: string, collection: string): Promise<void> {
  const query = { isRestore: true, overwriteMode: 'replace', silent: true };
  const path = `/_api/document/${collection}`;
  const posts = batchesOf(body, database).map(async (documents) => {
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
