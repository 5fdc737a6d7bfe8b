import { createCollection, DATABASE } from './datacenters.ts';
import { type Figures, rateFigures, ratioFigures } from './figures.ts';
import { measureLag } from './lag.ts';
import type { LinkProxy, LinkQuality } from './link-proxy.ts';
import type { BenchOptions } from './options.ts';
import { processorUs } from './processor-time.ts';
import { type Measurement, reportMeasurements } from './report.ts';
import {
  allRunning,
  besideRaw,
  besideRawLoop,
  bytesRead,
  dropCollection,
  median,
  overLink,
  type Pair,
  perSecond,
  type RawRun,
  type Run,
  reportedLagMs,
  type Scene,
  writeAndWait,
} from './stream-pair.ts';

const MIB = 1_024 * 1_024;
const LOOPBACK: LinkQuality = { rttMs: 0, lossPercent: 0 };

/**
 * What streams from a source cluster to a target cluster, at each number of shards: documents and bytes per second from
 * the first write until all is visible on the target, the lag at half of that rate, and what is read from the source
 * for each byte of documents written there (its log has some 130 bytes more for each document of 1 KiB). Beside it a raw
 * loop between two more clusters of the same kind, which nothing else reads. The two take turns, so that what slows the
 * machine slows both; each figure is the median of the rounds after the first, which warms them up. Clusters, masters and
 * workers are processes of their own.
 *
 * Workers reach those of the other datacenter, unless `through` says that a master is in between.
 *
 * With `rtt` or `loss` the link between the datacenters is such a one ({@link LinkProxy}), and the other turns are our own
 * over the same link without them.
 */
export async function run({ json, seconds, rounds, shards: counts, rtt, loss, through }: BenchOptions): Promise<void> {
  const turns = { seconds, rounds };
  const results: Measurement[] = [];
  const add = (name: string, figures: Figures) =>
    void results.push(...figures.map(([metric, value, unit]) => ({ case: name, metric, value, unit })));
  if (rtt > 0 || loss > 0) {
    const quality = { rttMs: rtt, lossPercent: loss };
    await overLink(async (pair, link, folder) => {
      for (const shards of counts) {
        const name = `shards=${shards} rtt=${rtt} loss=${loss}`;
        add(name, await measureFar(pair, link, quality, folder, shards, turns));
      }
    });
  } else {
    await besideRaw(through, async (scene) => {
      for (const shards of counts) add(`shards=${shards}`, await measureCase(scene, shards, turns));
    });
  }
  reportMeasurements('stream', results, json);
}

interface Turns {
  readonly seconds: number;
  readonly rounds: number;
}

async function measureCase({ raw, sync, folder }: Scene, shards: number, { seconds, rounds }: Turns): Promise<Figures> {
  const collection = `shards${shards}`;
  await Promise.all([raw.source, raw.target, sync.source].map((end) => createCollection(end, collection, shards)));
  await allRunning(sync, folder, collection, shards);
  const measured: { raw: Timed<RawRun>; sync: Timed<Run>; read: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const rawRun = await timed(raw, () =>
      besideRawLoop(
        raw,
        () => collection,
        () => writeAndWait(raw, collection, seconds, round),
      ),
    );
    const readBefore = await bytesRead(sync.sourceDatacenter);
    const syncRun = await timed(sync, () => writeAndWait(sync, collection, seconds, round));
    const read = ((await bytesRead(sync.sourceDatacenter)) - readBefore) / syncRun.bytes;
    if (round > 0) measured.push({ raw: rawRun, sync: syncRun, read });
  }
  const runs = measured.map((round) => round.sync);
  const lag = await lagFigures(sync, collection, median(runs.map(perSecond)) / 2, seconds);
  const ratios = measured.map((round) => perSecond(round.sync) / perSecond(round.raw));
  await Promise.all([raw.source, raw.target, sync.source].map((end) => dropCollection(end, collection)));
  return [
    ...rateFigures(runs),
    ['raw_docs_per_s', median(measured.map((round) => perSecond(round.raw))), ''],
    ...ratioFigures('raw', ratios),
    ['cpu_us_per_doc', median(runs.map(({ cpuUsPerDoc }) => cpuUsPerDoc)), 'us'],
    ['raw_cpu_us_per_doc', median(measured.map(({ raw: { cpuUsPerDoc } }) => cpuUsPerDoc)), 'us'],
    ...lag,
    ['read_per_written', median(measured.map(({ read }) => read)), ''],
    ['read_per_logged', median(measured.map(({ raw: { readPerWritten }, read }) => read / readPerWritten)), ''],
  ];
}

type Timed<T> = T & { readonly cpuUsPerDoc: number };

/** With the processor time of everything that took part, writers and databases included. */
async function timed<T extends Run>(
  { sourceDatacenter, targetDatacenter }: Pair,
  work: () => Promise<T>,
): Promise<Timed<T>> {
  const datacenters = [sourceDatacenter, targetDatacenter];
  const before = processorUs(datacenters);
  const ran = await work();
  return { ...ran, cpuUsPerDoc: (processorUs(datacenters) - before) / ran.documents };
}

async function measureFar(
  pair: Pair,
  link: LinkProxy,
  quality: LinkQuality,
  folder: string,
  shards: number,
  { seconds, rounds }: Turns,
): Promise<Figures> {
  const collection = `shards${shards}`;
  await createCollection(pair.source, collection, shards);
  await allRunning(pair, folder, collection, shards);
  const measured: { near: Run; far: Run; linkBytes: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    link.become(LOOPBACK);
    const near = await writeAndWait(pair, collection, seconds, 2 * round);
    link.become(quality);
    const before = link.bytes;
    const far = await writeAndWait(pair, collection, seconds, 2 * round + 1);
    if (round > 0) measured.push({ near, far, linkBytes: link.bytes - before });
  }
  const runs = measured.map(({ far }) => far);
  const lag = await lagFigures(pair, collection, median(runs.map(perSecond)) / 2, seconds);
  link.become(LOOPBACK);
  await dropCollection(pair.source, collection);
  const linkRates = measured.map(({ far, linkBytes }) => (1_000 * linkBytes) / far.elapsedMs / MIB);
  return [
    ...rateFigures(runs),
    ['loopback_docs_per_s', median(measured.map(({ near }) => perSecond(near))), ''],
    ...ratioFigures(
      'loopback',
      measured.map(({ near, far }) => perSecond(far) / perSecond(near)),
    ),
    ['link_mib_per_s', median(linkRates), 'MiB/s'],
    ...lag,
  ];
}

async function lagFigures(pair: Pair, collection: string, docsPerS: number, seconds: number): Promise<Figures> {
  const reported = () => reportedLagMs(pair.targetDatacenter);
  const ends = [pair.source.front, pair.target.front] as const;
  const lag = await measureLag(...ends, DATABASE, collection, docsPerS, seconds, reported);
  return [
    ['lag_p50_ms', lag.p50Ms, 'ms'],
    ['lag_p99_ms', lag.p99Ms, 'ms'],
    ['lag_reported_p50_ms', lag.reported.p50Ms, 'ms'],
    ['lag_reported_p99_ms', lag.reported.p99Ms, 'ms'],
    ['lag_understated_ms', lag.understatedMsMax, 'ms'],
  ];
}
