import { setTimeout as sleep } from 'node:timers/promises';
import type { ArangoServer } from '../src/replication/arango.ts';
import { documentText, insert } from './writer.ts';

const BULK = 100;
const PROBE_EVERY_MS = 50;
const POLL_MS = 2;
const PROBE_TIMEOUT_MS = 30_000;

/** Percentiles of the time from a write's answer at the source until the document can be read on the target. */
export interface Lag {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Measures the lag of single probe documents while others are written at a steady rate. */
export async function measureLag(
  source: ArangoServer,
  target: ArangoServer,
  database: string,
  collection: string,
  documentsPerS: number,
  seconds: number,
): Promise<Lag> {
  const endAt = performance.now() + seconds * 1_000;
  const load = writeSteadily(source, database, collection, documentsPerS, endAt);
  const lags: number[] = [];
  for (let probe = 0; performance.now() < endAt; probe++) {
    const key = `probe${probe}`;
    await insert(source, database, collection, [documentText(key)]);
    lags.push(await untilVisible(target, database, collection, key));
    await sleep(PROBE_EVERY_MS);
  }
  await load;
  lags.sort((a, b) => a - b);
  const percentile = (share: number) => lags[Math.min(lags.length - 1, Math.floor(share * lags.length))] ?? Number.NaN;
  return { p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
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
