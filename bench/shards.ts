import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectedDeployment } from '../src/adapters/arangodb/deployment.ts';
import { count, createCollection, DATABASE } from './datacenters.ts';
import { type Figures, rateFigures, ratioFigures } from './figures.ts';
import type { BenchOptions } from './options.ts';
import type { CollectionOf } from './raw-loop.ts';
import { type Measurement, reportMeasurements } from './report.ts';
import {
  allRunning,
  besideRaw,
  besideRawLoop,
  bytesRead,
  dropCollection,
  median,
  type Pair,
  perSecond,
  type RawRun,
  type Run,
  type Scene,
} from './stream-pair.ts';
import { documentText, insert } from './writer.ts';

/** What servers allow by default; more shards are in more collections. */
const SHARDS_PER_COLLECTION = 1_000;
const BULK = 200;
/**
 * Larger than those of `stream`: the log's own text, some 130 bytes around each document and twice that around each
 * transaction, of which many shards make many, counts as read and is not what is measured.
 */
const DOCUMENT_BYTES = 4_096;
const POLL_MS = 10;
const ARRIVAL_TIMEOUT_MS = 120_000;

/**
 * The same writes per second over 1 shard and over thousands: what is read from the source for each byte of documents that is
 * written (everything counts: the log, inventories, checks), and how quickly all is there against a raw loop between two
 * more clusters, at this rate. Where both keep up `ratio_to_raw` is about 1. Turns and medians as in `stream`.
 */
export async function run({ json, seconds, rounds, shards: counts, rate, through }: BenchOptions): Promise<void> {
  const results: Measurement[] = [];
  for (const shards of counts) {
    // Fresh ones each: what is left of thousands of shards is not to be part of the next case.
    await besideRaw(through, async (scene) => {
      results.push(...(await measure(scene, shards, rate, seconds, rounds)));
    });
  }
  reportMeasurements('shards', results, json);
}

async function measure(
  { raw, sync, folder }: Scene,
  shards: number,
  rate: number,
  seconds: number,
  rounds: number,
): Promise<Measurement[]> {
  const ends = [raw.source, raw.target, sync.source];
  const collections = await createCollections(ends, shards);
  for (const [name, size] of collections) await allRunning(sync, folder, name, size);
  const names = [...collections.keys()];
  const measured: { raw: RawRun; sync: Run; read: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const rawRun = await besideRawLoop(raw, collectionOf, () => writeAtRate(raw, names, rate, seconds, round));
    const readBefore = await bytesRead(sync.sourceDatacenter);
    const syncRun = await writeAtRate(sync, names, rate, seconds, round);
    const read = ((await bytesRead(sync.sourceDatacenter)) - readBefore) / syncRun.bytes;
    if (round > 0) measured.push({ raw: rawRun, sync: syncRun, read });
  }
  for (const name of names) await Promise.all(ends.map((end) => dropCollection(end, name)));
  const ratios = measured.map((round) => perSecond(round.sync) / perSecond(round.raw));
  const runs = measured.map((round) => round.sync);
  const figures: Figures = [
    ...rateFigures(runs),
    ['raw_docs_per_s', median(measured.map((round) => perSecond(round.raw))), ''],
    ...ratioFigures('raw', ratios),
    ['read_per_written', median(measured.map(({ read }) => read)), ''],
    ['read_per_logged', median(measured.map(({ raw: { readPerWritten }, read }) => read / readPerWritten)), ''],
  ];
  return figures.map(([metric, value, unit]) => ({ case: `shards=${shards} rate=${rate}`, metric, value, unit }));
}

/** Their names, with the shards of each. A name is the beginning of the keys in it, by which the raw loop knows them. */
async function createCollections(
  ends: readonly ConnectedDeployment[],
  shards: number,
): Promise<ReadonlyMap<string, number>> {
  const made = new Map<string, number>();
  for (let from = 0; from < shards; from += SHARDS_PER_COLLECTION) {
    const name = `c${made.size}`;
    const size = Math.min(SHARDS_PER_COLLECTION, shards - from);
    await Promise.all(ends.map((end) => createCollection(end, name, size)));
    made.set(name, size);
  }
  return made;
}

/** By the beginning of a document's key. */
const collectionOf: CollectionOf = (document) => /"_key":"(c\d+)-/.exec(document)?.[1] ?? '';

/** Bulks into one collection after the other, at even distances; then waits until the target has all of it. */
async function writeAtRate(
  { source, target }: Pair,
  collections: readonly string[],
  rate: number,
  seconds: number,
  round: number,
): Promise<Run> {
  const before = await countAll(target, collections);
  const startedAt = performance.now();
  const bulks = Math.max(1, Math.round((rate * seconds) / BULK));
  let bytes = 0;
  for (let bulk = 0; bulk < bulks; bulk++) {
    await sleep(Math.max(0, startedAt + (bulk * BULK * 1_000) / rate - performance.now()));
    const collection = collections[bulk % collections.length] ?? '';
    const texts = Array.from({ length: BULK }, (_, item) =>
      documentText(`${collection}-r${round}b${bulk}i${item}`, DOCUMENT_BYTES),
    );
    await insert(source.front, DATABASE, collection, texts);
    bytes += texts.reduce((sum, text) => sum + text.length, 0);
  }
  const documents = bulks * BULK;
  while ((await countAll(target, collections)) < before + documents) {
    if (performance.now() - startedAt > ARRIVAL_TIMEOUT_MS) throw new Error('not all arrived on the target');
    await sleep(POLL_MS);
  }
  return { documents, bytes, elapsedMs: performance.now() - startedAt };
}

async function countAll(end: ConnectedDeployment, collections: readonly string[]): Promise<number> {
  const counts = await Promise.all(collections.map((name) => count(end, name)));
  return counts.reduce((sum, each) => sum + each, 0);
}
