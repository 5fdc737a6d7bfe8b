import { setTimeout as sleep } from 'node:timers/promises';
import type { DatacenterSize, Member } from '../cli/demo/datacenter.ts';
import { createCollection, DATABASE } from './datacenters.ts';
import { watched } from './memory-watch.ts';
import type { BenchOptions } from './options.ts';
import { arrived, control, createCollections, type Pair, running, type Side, startSync, withPair } from './pair.ts';
import { type Measurement, reportMeasurements } from './report.ts';
import { insert } from './writer.ts';

const SIZE: DatacenterSize = { masters: 1, workers: 1, dbServers: 3, coordinators: 1 };
const MIB = 1_024 * 1_024;
const DOCUMENT_BYTES = 8 * 1_024;
/** Of one call. */
const BULK_BYTES = 4 * MIB;
const SHARDS = 16;
/** The target is looked at so long after all is written, for each MiB that waits: 20 s for 2 GiB. */
const STALLED_MS_PER_MIB = 10;
/** Longer than a bench runs. */
const FOREVER_MS = 3_600_000;
const ARRIVAL_TIMEOUT_MS = 240_000;
const LARGE_DOCUMENT_MIB = 100;
const TINY_OPERATIONS = 1_000_000;
const TINY_PER_CALL = 50_000;

/**
 * What the workers need when the work is not in proportion: a target that takes nothing while gigabytes wait, a document
 * of 100 MiB, transactions that are large in bytes or in operations, thousands of shards. Databases, masters and workers
 * are processes of their own, fresh for each case, so that the peak of a worker's resident set is its own. `mib` wait at the
 * source of a stalled target, half of it makes the large transaction; `only` takes the cases whose names begin so.
 */
export async function run({ json, mib, shards, only }: BenchOptions): Promise<void> {
  const results: Measurement[] = [];
  const measure = async (name: string, work: (pair: Pair) => Promise<void>) => {
    if (!name.startsWith(only)) return;
    const figures = await withPair(async (pair) => watched(workersOf(pair), () => work(pair)), SIZE);
    results.push(...figures.map((figure) => ({ case: name, ...figure })));
  };
  await measure(`stalled, ${mib} MiB wait`, (pair) => stalled(pair, mib));
  await measure(`document of ${LARGE_DOCUMENT_MIB} MiB`, largeDocument);
  await measure(`transaction of ${mib / 2} MiB`, (pair) => largeTransaction(pair, mib / 2));
  await measure(`${TINY_OPERATIONS} operations at once`, tinyOperations);
  for (const count of shards) await measure(`${count} shards`, (pair) => manyShards(pair, count));
  reportMeasurements('stall', results, json);
}

function workersOf({ source, target }: Pair): Readonly<Record<string, Member>> {
  const [sender] = source.datacenter.workers;
  const [receiver] = target.datacenter.workers;
  if (sender === undefined || receiver === undefined) throw new Error('each side has a worker');
  return { source: sender, target: receiver };
}

/** A collection that is followed. */
async function following(pair: Pair, collection: string, shards: number): Promise<void> {
  await createCollection(pair.source.database, collection, shards);
  await startSync(pair);
  await running(pair, shards, collection);
}

async function stalled(pair: Pair, mib: number): Promise<void> {
  await following(pair, 'stalled', SHARDS);
  const path = `/_db/${DATABASE}/_api/document/`;
  const action = { kind: 'delay', ms: FOREVER_MS };
  await control(pair.target, 'POST', 'faults', { method: 'POST', path, action });
  await writeFilling(pair.source, 'stalled', mib, {});
  await sleep(mib * STALLED_MS_PER_MIB);
}

async function largeDocument(pair: Pair): Promise<void> {
  await following(pair, 'large', 1);
  const filling = 'x'.repeat(LARGE_DOCUMENT_MIB * MIB);
  await insert(pair.source.database.front, DATABASE, 'large', [`{"_key":"large","filling":"${filling}"}`]);
  await arrived(pair, 'large', 1, ARRIVAL_TIMEOUT_MS);
}

async function largeTransaction(pair: Pair, mib: number): Promise<void> {
  await following(pair, 'transaction', 1);
  const documents = await inTransaction(pair.source, 'transaction', (headers) =>
    writeFilling(pair.source, 'transaction', mib, headers),
  );
  await arrived(pair, 'transaction', documents, ARRIVAL_TIMEOUT_MS);
}

async function tinyOperations(pair: Pair): Promise<void> {
  await following(pair, 'tiny', 1);
  await inTransaction(pair.source, 'tiny', async (headers) => {
    for (let from = 0; from < TINY_OPERATIONS; from += TINY_PER_CALL) {
      const texts = Array.from({ length: TINY_PER_CALL }, (_, index) => `{"_key":"${from + index}"}`);
      await write(pair.source, 'tiny', texts, headers);
    }
  });
  await arrived(pair, 'tiny', TINY_OPERATIONS, ARRIVAL_TIMEOUT_MS);
}

async function manyShards(pair: Pair, shards: number): Promise<void> {
  const names = await createCollections(pair.source.database, shards);
  await startSync(pair);
  await running(pair, shards);
  for (const name of names) await writeFilling(pair.source, name, 1, {});
  const [last = ''] = names.slice(-1);
  await arrived(pair, last, MIB / DOCUMENT_BYTES, ARRIVAL_TIMEOUT_MS);
}

async function inTransaction<T>(
  { database: { front } }: Side,
  collection: string,
  work: (headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const body = { collections: { write: [collection] }, maxTransactionSize: 4 * 1_024 * MIB, lockTimeout: 0 };
  const begin = { method: 'POST', database: DATABASE, path: '/_api/transaction/begin', body } as const;
  const { result } = await front.json<{ result: { id: string } }>(begin);
  const done = await work({ 'x-arango-trx-id': result.id });
  await front.json({ method: 'PUT', database: DATABASE, path: `/_api/transaction/${result.id}` });
  return done;
}

/** Documents of 8 KiB, so many that their text has this size; tells how many. */
async function writeFilling(
  end: Side,
  collection: string,
  mib: number,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const documents = (mib * MIB) / DOCUMENT_BYTES;
  const filling = 'x'.repeat(DOCUMENT_BYTES - 40);
  const perCall = BULK_BYTES / DOCUMENT_BYTES;
  for (let from = 0; from < documents; from += perCall) {
    const length = Math.min(perCall, documents - from);
    const texts = Array.from({ length }, (_, index) => `{"_key":"k${from + index}","filling":"${filling}"}`);
    await write(end, collection, texts, headers);
  }
  return documents;
}

async function write(
  { database: { front } }: Side,
  collection: string,
  texts: readonly string[],
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const path = `/_api/document/${collection}`;
  const body = `[${texts.join(',')}]`;
  const answer = await front.request({
    method: 'POST',
    database: DATABASE,
    path,
    query: { silent: true },
    headers,
    body,
  });
  if (answer.status >= 400)
    throw new Error(`could not write: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
}
