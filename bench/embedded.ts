import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { startProcess } from '../cli/demo/processes.ts';
import { type Measurement, reportMeasurements } from './report.ts';

const BULK = 1_000;
const TAIL_CHUNK_BYTES = 8 * 1_024 * 1_024;
const MIB = 1_024 * 1_024;
const REQUESTS_AT_ONCE = 2;

/**
 * What the embedded single server takes and gives, over HTTP, in a process of its own, so on one core: small documents in
 * bulks of 1,000, and its log read from the beginning. Shows that it is not what the other benchmarks measure.
 */
export async function run({ json, seconds }: { json: boolean; seconds: number }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-bench-'));
  const server = startProcess('embedded', ['embedded', '--mode=single', '--output=json'], folder);
  try {
    const { endpoints } = JSON.parse(await server.line((line) => line.startsWith('{'), 20_000));
    const pool = new Pool(endpoints[0], {
      connections: REQUESTS_AT_ONCE,
      headersTimeout: 120_000,
      bodyTimeout: 120_000,
    });
    const results = [...(await insert(pool, seconds)), ...(await tail(pool))];
    await pool.close();
    reportMeasurements('embedded', results, json);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function insert(pool: Pool, seconds: number): Promise<Measurement[]> {
  await call(pool, 'POST', '/_api/collection', JSON.stringify({ name: 'bench' }));
  // Bodies are made before the clock runs: the client must not be what is measured.
  const bodies = Array.from({ length: 64 }, (_, body) =>
    JSON.stringify(
      Array.from({ length: BULK }, (_, item) => ({ name: `document ${item}`, number: body * BULK + item, flag: true })),
    ),
  );
  const startedAt = performance.now();
  let documents = 0;
  await Promise.all(
    Array.from({ length: REQUESTS_AT_ONCE }, async (_, lane) => {
      for (let round = lane; performance.now() - startedAt < seconds * 1_000; round += REQUESTS_AT_ONCE) {
        await call(pool, 'POST', '/_api/document/bench?silent=true', bodies[round % bodies.length] ?? '[]');
        documents += BULK;
      }
    }),
  );
  const elapsedS = (performance.now() - startedAt) / 1_000;
  return [{ case: 'insert', metric: 'docs_per_s', value: documents / elapsedS, unit: '' }];
}

async function tail(pool: Pool): Promise<Measurement[]> {
  const { tick } = JSON.parse((await call(pool, 'GET', '/_api/wal/lastTick')).text);
  const startedAt = performance.now();
  let bytes = 0;
  let position = '1';
  let scanned = '0';
  while (BigInt(position) < BigInt(tick)) {
    const query = `global=true&from=${position}&lastScanned=${scanned}&chunkSize=${TAIL_CHUNK_BYTES}`;
    const { statusCode, headers, body } = await pool.request({ method: 'GET', path: `/_api/wal/tail?${query}` });
    bytes += (await body.arrayBuffer()).byteLength;
    scanned = String(headers['x-arango-replication-lastscanned']);
    const included = String(headers['x-arango-replication-lastincluded']);
    if (statusCode !== 200 || included === position) break;
    position = included;
  }
  const elapsedS = (performance.now() - startedAt) / 1_000;
  return [{ case: 'tail', metric: 'mib_per_s', value: bytes / MIB / elapsedS, unit: 'MiB/s' }];
}

async function call(pool: Pool, method: 'GET' | 'POST', path: string, body?: string): Promise<{ text: string }> {
  const answer = await pool.request({ method, path, ...(body !== undefined && { body }) });
  const text = await answer.body.text();
  if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
  return { text };
}
