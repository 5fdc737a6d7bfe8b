import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cli/demo/status.ts';
import type { MasterClient } from '../cli/master-client.ts';
import type { ConnectedDeployment } from '../src/adapters/arangodb/deployment.ts';
import { SyncInfo } from '../src/wire/sync-info.ts';
import { count, createCollection, DATABASE, mastersIn, NEVER } from './datacenters.ts';
import { type Figures, rateFigures, ratioFigures } from './figures.ts';
import type { BenchOptions } from './options.ts';
import { rawCopy } from './raw-copy.ts';
import { type Measurement, reportMeasurements } from './report.ts';
import {
  besideRaw,
  bytesRead,
  dropCollection,
  median,
  type Pair,
  perSecond,
  type Run,
  type Scene,
  startSync,
  stopSync,
} from './stream-pair.ts';
import { type Written, writeAmount } from './writer.ts';

const MIB = 1_024 * 1_024;
const POLL_MS = 5;
const ARRIVAL_TIMEOUT_MS = 300_000;
/** Reports come about once a second. */
const TELLING_TIMEOUT_MS = 30_000;

type Copied = Run & { readonly secondsInAll: number };

/**
 * The initial copy of a collection, at each number of shards, against a raw loop that dumps and posts the same amount
 * between two more clusters ({@link rawCopy}). The two take turns; figures are medians of the rounds after the first. Ours
 * begins as a synchronization of its own each time, when all of the collection is there (behind a pause it would read the log of
 * its making as well): `seconds` counts from `configure sync` and so includes finding and making the collection. Rates and
 * ratios count from the first document that is visible on the target to the last, on both sides.
 */
export async function run({ json, rounds, shards: counts, mib, through }: BenchOptions): Promise<void> {
  const results: Measurement[] = [];
  await besideRaw(through, async (scene) => {
    const masters = mastersIn(scene.sync.targetDatacenter, scene.folder);
    for (const shards of counts) results.push(...(await measure(scene, masters, shards, mib, rounds)));
    await masters.close();
  });
  reportMeasurements('copy', results, json);
}

async function measure(
  { raw, sync, folder }: Scene,
  masters: MasterClient,
  shards: number,
  mib: number,
  rounds: number,
): Promise<Measurement[]> {
  const measured: { raw: Run; sync: Copied; read: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const collection = `copy${shards}x${round}`;
    const sources = [raw.source, sync.source];
    await stopSync(sync, folder);
    await Promise.all([...sources, raw.target].map((end) => createCollection(end, collection, shards)));
    const [forRaw, forSync] = await Promise.all(
      sources.map(({ front }) => writeAmount(front, DATABASE, collection, mib * MIB)),
    );
    if (forRaw === undefined || forSync === undefined) throw new Error('two sources were written to');
    const rawArrival = arrival(raw.target, collection, forRaw);
    await rawCopy(raw.source, raw.target.front, DATABASE, collection);
    const rawRun = await rawArrival;
    const readBefore = await bytesRead(sync.sourceDatacenter);
    const syncRun = await copied(sync, folder, masters, collection, forSync);
    const read = ((await bytesRead(sync.sourceDatacenter)) - readBefore) / forSync.bytes;
    if (round > 0) measured.push({ raw: rawRun, sync: syncRun, read });
    await Promise.all([...sources, raw.target].map((end) => dropCollection(end, collection)));
  }
  const runs = measured.map((round) => round.sync);
  const ratios = measured.map((round) => perSecond(round.sync) / perSecond(round.raw));
  const figures: Figures = [
    ...rateFigures(runs),
    ['raw_docs_per_s', median(measured.map((round) => perSecond(round.raw))), ''],
    ...ratioFigures('raw', ratios),
    ['seconds', median(runs.map(({ secondsInAll }) => secondsInAll)), 's'],
    ['read_per_written', median(measured.map(({ read }) => read)), ''],
  ];
  return figures.map(([metric, value, unit]) => ({ case: `shards=${shards} mib=${mib}`, metric, value, unit }));
}

/** Begins a synchronization and waits for the documents, which must have come as a copy. */
async function copied(
  pair: Pair,
  folder: string,
  masters: MasterClient,
  collection: string,
  written: Written,
): Promise<Copied> {
  const startedAt = performance.now();
  const [arrived] = await Promise.all([arrival(pair.target, collection, written), startSync(pair, folder)]);
  const secondsInAll = (performance.now() - startedAt) / 1_000;
  await cameAsCopy(masters, collection);
  return { ...arrived, secondsInAll };
}

/** Waits until the way of every shard is told. Throws when one came by the log: that is not what is measured. */
async function cameAsCopy(masters: MasterClient, collection: string): Promise<void> {
  const ask = async () => {
    const { shards = [] } = await masters.ask({ method: 'GET', path: '/_api/sync?details=full' }, SyncInfo);
    return shards.filter((shard) => shard.collection === collection);
  };
  const isTold = ({ way = 'none' }: { readonly way?: string | undefined }) => way !== 'none';
  const shards = await until('telling the ways', TELLING_TIMEOUT_MS, NEVER, ask, (all) => all.every(isTold));
  // A shard that opened again after its copy, on a busy machine, was then compared: it tells the newest way.
  const other = shards.find(({ way }) => way === 'tail');
  if (other !== undefined) throw new Error(`a shard of ${collection} came by ${other.way}: ${other.way_reason}`);
}

/** From the first document that is visible to the last, as finely as is looked. */
async function arrival(end: ConnectedDeployment, collection: string, written: Written): Promise<Run> {
  const askedAt = performance.now();
  let firstAt: number | undefined;
  for (;;) {
    const there = await count(end, collection);
    const now = performance.now();
    if (there > 0) firstAt ??= now;
    if (firstAt !== undefined && there >= written.documents) {
      return { ...written, elapsedMs: Math.max(POLL_MS, now - firstAt) };
    }
    if (now - askedAt > ARRIVAL_TIMEOUT_MS) throw new Error(`${collection} did not arrive on the target`);
    await sleep(POLL_MS);
  }
}
