import { setTimeout as sleep } from 'node:timers/promises';
import type { ArangoServer } from '../src/replication/arango.ts';
import { documentText, insert } from './writer.ts';

const BULK = 100;
const PROBE_EVERY_MS = 50;
const POLL_MS = 2;
const PROBE_TIMEOUT_MS = 30_000;

/** Lags are reported about once a second: looked at more often than that. */
const REPORT_EVERY_MS = 200;
const REPORT_TIMEOUT_MS = 60_000;

export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Times from a write's answer at the source until the document can be read on the target, beside what is reported of them. */
export interface Lag extends Percentiles {
  readonly reported: Percentiles;
  /** By how much a report said less than the age of a document that was not there yet; 0: never. */
  readonly understatedMsMax: number;
}

/** The largest lag of a shard as the product reports it, ms; undefined while it is unknown. */
export type ReportedLag = () => Promise<number | undefined>;

/** Measures the lag of single probe documents while others are written at a steady rate. */
export async function measureLag(
  source: ArangoServer,
  target: ArangoServer,
  database: string,
  collection: string,
  documentsPerS: number,
  seconds: number,
  reportedLag: ReportedLag,
): Promise<Lag> {
  const endAt = performance.now() + seconds * 1_000;
  const probing: Probing = { acknowledgedAt: undefined };
  const watching = watchReports(reportedLag, probing, endAt);
  const load = writeSteadily(source, database, collection, documentsPerS, endAt);
  const lags: number[] = [];
  for (let probe = 0; performance.now() < endAt; probe++) {
    const key = `probe${probe}`;
    await insert(source, database, collection, [documentText(key)]);
    probing.acknowledgedAt = performance.now();
    lags.push(await untilVisible(target, database, collection, key));
    probing.acknowledgedAt = undefined;
    await sleep(PROBE_EVERY_MS);
  }
  await load;
  const { reports, understatedMsMax } = await watching;
  return { ...percentilesOf(lags), reported: percentilesOf(reports), understatedMsMax };
}

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** The probe that is on its way: when the source had acknowledged it. */
interface Probing {
  acknowledgedAt: number | undefined;
}

async function watchReports(reportedLag: ReportedLag, probing: Probing, endAt: number) {
  const reports: number[] = [];
  let understatedMsMax = 0;
  // However slow the machine is, one of them is waited for.
  while (performance.now() < endAt || reports.length === 0) {
    if (performance.now() > endAt + REPORT_TIMEOUT_MS) throw new Error('no lag was reported');
    const before = probing.acknowledgedAt;
    const askedAt = performance.now();
    const reported = await reportedLag();
    if (reported !== undefined) {
      reports.push(reported);
      const isStillOnItsWay = before !== undefined && probing.acknowledgedAt === before;
      if (isStillOnItsWay) understatedMsMax = Math.max(understatedMsMax, askedAt - before - reported);
    }
    await sleep(REPORT_EVERY_MS);
  }
  return { reports, understatedMsMax };
}

async function untilVisible(target: ArangoServer, database: string, collection: string, key: string): Promise<number> {
  const startedAt = performance.now();
  const path = `/_api/document/${collection}/${key}`;
  while (performance.now() - startedAt < PROBE_TIMEOUT_MS) {
    const { status } = await target.request({ method: 'HEAD', database, path });
    if (status === 200) return performance.now() - startedAt;
    await sleep(POLL_MS);
  }
  throw new Error(`${collection}/${key} did not arrive within ${PROBE_TIMEOUT_MS / 1_000} s`);
}

/** Bulks at even distances; what cannot be kept up with is left out, not piled up. */
async function writeSteadily(
  source: ArangoServer,
  database: string,
  collection: string,
  documentsPerS: number,
  endAt: number,
): Promise<void> {
  const intervalMs = (1_000 * BULK) / documentsPerS;
  for (let round = 0, dueAt = performance.now(); performance.now() < endAt; round++) {
    const texts = Array.from({ length: BULK }, (_, item) => documentText(`s${round}i${item}`));
    await insert(source, database, collection, texts);
    dueAt = Math.max(dueAt + intervalMs, performance.now() - intervalMs);
    await sleep(Math.max(0, dueAt - performance.now()));
  }
}
