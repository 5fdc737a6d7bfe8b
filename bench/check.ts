import { setTimeout as sleep } from 'node:timers/promises';
import type { ArangoDeployment, ArangoServer } from '../src/replication/arango.ts';
import { DATABASE } from './datacenters.ts';
import {
  areRunning,
  bothTold,
  createCollections,
  measureCommand,
  type Pair,
  SHARDS_PER_COLLECTION,
  startSync,
  withPair,
} from './pair.ts';
import { type Measurement, reportMeasurements } from './report.ts';

const RUNNING_TIMEOUT_MS = 600_000;
const DOCUMENTS_PER_SHARD = 50;
const WRITES_PER_SECOND = 50;
/** As our own masters read them. */
const TREES_PER_BATCH = 64;
const TREES_AT_ONCE = 8;

/**
 * `check sync` over many shards between two embedded clusters, everything in processes of its own: from the start of the
 * command to its end, in the form of an operator. Against it stands what any comparison has to do: to read all revision
 * trees of both sides once. Besides, while writes go on to all of them, and with their contents.
 */
export async function run({ json, shards: counts }: { json: boolean; shards: readonly number[] }): Promise<void> {
  const results: Measurement[] = [];
  for (const shards of counts) results.push(...(await measure(shards)));
  reportMeasurements('check', results, json);
}

async function measure(shards: number): Promise<Measurement[]> {
  return await withPair(async (pair) => {
    const collections = await createCollections(pair.source.database, shards);
    await fill(pair, collections);
    await startSync(pair);
    await bothTold('running every shard', RUNNING_TIMEOUT_MS, pair, (state) => areRunning(state, shards));
    const version = await measureCommand(pair, ['get', 'version']);
    const seconds = await measureCommand(pair, ['check', 'sync']);
    const rawSeconds = await readTrees(pair);
    const writingSeconds = await whileWriting(pair, collections, () => measureCommand(pair, ['check', 'sync']));
    const deepSeconds = await measureCommand(pair, ['check', 'sync', '--deep']);
    const figures: readonly (readonly [string, number, string])[] = [
      ['seconds', seconds, 's'],
      ['raw_seconds', rawSeconds, 's'],
      // Without the start of the command's process, which every command has.
      ['ratio_to_raw', (seconds - version) / rawSeconds, ''],
      ['writing_seconds', writingSeconds, 's'],
      ['deep_seconds', deepSeconds, 's'],
    ];
    return figures.map(([metric, value, unit]) => ({ case: `${shards} shards`, metric, value, unit }));
  });
}

async function write({ source }: Pair, collection: string, keys: readonly string[]): Promise<void> {
  const { front } = source.database;
  const body = keys.map((key) => ({ _key: key, at: Date.now(), text: 'some text of an order' }));
  const query = { overwriteMode: 'replace', silent: true };
  await front.json({ method: 'POST', database: DATABASE, path: `/_api/document/${collection}`, query, body });
}

async function fill(pair: Pair, collections: readonly string[]): Promise<void> {
  const keys = Array.from({ length: DOCUMENTS_PER_SHARD * SHARDS_PER_COLLECTION }, (_, index) => `k${index}`);
  for (const collection of collections) await write(pair, collection, keys);
}

/** Some documents of one collection after the other, at a steady rate. */
async function whileWriting(pair: Pair, collections: readonly string[], work: () => Promise<number>): Promise<number> {
  const stop = new AbortController();
  const keys = Array.from({ length: SHARDS_PER_COLLECTION }, (_, index) => `w${index}`);
  const writing = (async () => {
    for (let index = 0; !stop.signal.aborted; index += 1) {
      await write(pair, collections[index % collections.length] ?? '', keys);
      await sleep(1_000 / WRITES_PER_SECOND);
    }
  })();
  try {
    return await work();
  } finally {
    stop.abort();
    await writing;
  }
}

/** Seconds that it takes to read the revision tree of every shard once, on both sides at the same time. */
async function readTrees({ source, target }: Pair): Promise<number> {
  const startedAt = performance.now();
  const counts = await Promise.all([source, target].map(({ database }) => readAll(database)));
  if (counts[0] !== counts[1]) throw new Error(`${counts[0]} and ${counts[1]} trees were read`);
  return (performance.now() - startedAt) / 1_000;
}

async function readAll(deployment: ArangoDeployment): Promise<number> {
  const path = '/_api/replication/clusterInventory';
  const { collections } = await deployment.front.json<{
    collections: readonly { parameters: { isSystem: boolean; shards: Readonly<Record<string, readonly string[]>> } }[];
  }>({ method: 'GET', database: DATABASE, path });
  const own = collections.filter(({ parameters }) => !parameters.isSystem);
  const placed = own.flatMap(({ parameters }) => Object.entries(parameters.shards));
  const byLeader = Map.groupBy(placed, ([, servers]) => servers[0] ?? '');
  const read = await Promise.all(
    [...byLeader].map(async ([leader, shards]) =>
      readOn(
        await deployment.dbServer(leader),
        shards.map(([name]) => name),
      ),
    ),
  );
  return read.reduce((sum, each) => sum + each, 0);
}

async function readOn(server: ArangoServer, shards: readonly string[]): Promise<number> {
  let read = 0;
  for (let at = 0; at < shards.length; at += TREES_PER_BATCH) {
    const batches = '/_api/replication/batch';
    const { id } = await server.json<{ id: string }>({ method: 'POST', path: batches, body: { ttl: 60 } });
    const queue = shards.slice(at, at + TREES_PER_BATCH);
    const lanes = Array.from({ length: TREES_AT_ONCE }, async () => {
      for (let shard = queue.shift(); shard !== undefined; shard = queue.shift()) {
        const query = { collection: shard, batchId: id, onlyPopulated: true };
        const path = '/_api/replication/revisions/tree';
        const { status } = await server.request({ method: 'GET', database: DATABASE, path, query });
        if (status !== 200) throw new Error(`the tree of ${shard}: ${status}`);
        read += 1;
      }
    });
    await Promise.all(lanes);
    await server.request({ method: 'DELETE', path: `${batches}/${id}` });
  }
  return read;
}
