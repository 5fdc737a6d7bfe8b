import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { type Datacenter, makeAuthorities, newSecrets, startDatacenter } from '../cli/demo/datacenter.ts';
import { type DemoProcess, runCommand, stopAll } from '../cli/demo/processes.ts';
import { mastersOf, targetStatus, until } from '../cli/demo/status.ts';
import { masterToken } from '../cli/master-client.ts';
import { type ConnectedDeployment, connectDeployment } from '../src/adapters/arangodb/deployment.ts';
import { measureLag } from './lag.ts';
import { runRawLoop } from './raw-loop.ts';
import { type Measurement, reportMeasurements } from './report.ts';
import { type Written, writeDocuments } from './writer.ts';

const SIZE = { masters: 1, workers: 1, dbServers: 3, coordinators: 1 };
const DATABASE = 'bench';
const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 5;
const MIB = 1_024 * 1_024;
const NEVER = new AbortController().signal;

interface Pair {
  readonly source: ConnectedDeployment;
  readonly target: ConnectedDeployment;
  readonly sourceDatacenter: Datacenter;
  readonly targetDatacenter: Datacenter;
}

/**
 * What streams from a source cluster to a target cluster, at each number of shards: documents and bytes per second from
 * the first write until all is visible on the target; the same for a raw loop over the same clusters before; the lag at
 * half of that rate; and what is read from the source's logs for each byte written there. Clusters, masters and workers
 * are processes of their own.
 */
export async function run({
  json,
  seconds,
  shards: counts,
}: {
  json: boolean;
  seconds: number;
  shards: readonly number[];
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-bench-'));
  const processes: DemoProcess[] = [];
  try {
    const pair = await startPair(folder, processes);
    const raw = new Map<number, Written & { elapsedMs: number }>();
    for (const shards of counts) raw.set(shards, await measureRaw(pair, shards, seconds));
    await configure(pair, folder);
    const results: Measurement[] = [];
    for (const shards of counts) results.push(...(await measureSync(pair, folder, shards, seconds, raw.get(shards))));
    reportMeasurements('stream', results, json);
    await Promise.all([pair.source.close(), pair.target.close()]);
  } finally {
    await stopAll(processes);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startPair(folder: string, processes: DemoProcess[]): Promise<Pair> {
  const authorities = makeAuthorities(folder);
  const start = (name: string) =>
    startDatacenter(name, folder, authorities, newSecrets(), SIZE, (process) => void processes.push(process));
  const [sourceDatacenter, targetDatacenter] = await Promise.all([start('source'), start('target')]);
  const connect = ({ endpoints, clusterSecret }: Datacenter) =>
    connectDeployment({ endpoints, credentials: { kind: 'secret', jwtSecret: clusterSecret }, verify: false });
  const [source, target] = await Promise.all([connect(sourceDatacenter), connect(targetDatacenter)]);
  await source.front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  await target.front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  return { source, target, sourceDatacenter, targetDatacenter };
}

async function createCollection(deployment: ConnectedDeployment, name: string, shards: number): Promise<void> {
  const body = { name, numberOfShards: shards, replicationFactor: 1 };
  await deployment.front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
}

async function count({ front }: ConnectedDeployment, collection: string): Promise<number> {
  const path = `/_api/collection/${collection}/count`;
  const answer = await front.request({ method: 'GET', database: DATABASE, path });
  return answer.status === 200 ? Number(JSON.parse(answer.body.toString()).count) : 0;
}

/** Writes for `seconds` and waits until the target has it all; the time from the first write on. */
async function writeAndWait(pair: Pair, collection: string, seconds: number): Promise<Written & { elapsedMs: number }> {
  const startedAt = performance.now();
  const written = await writeDocuments(pair.source.front, DATABASE, collection, seconds);
  while ((await count(pair.target, collection)) < written.documents) {
    if (performance.now() - startedAt > READY_TIMEOUT_MS) throw new Error(`${collection} did not arrive on the target`);
    await sleep(POLL_MS);
  }
  return { ...written, elapsedMs: performance.now() - startedAt };
}

async function measureRaw(pair: Pair, shards: number, seconds: number): Promise<Written & { elapsedMs: number }> {
  const collection = `raw${shards}`;
  await Promise.all([
    createCollection(pair.source, collection, shards),
    createCollection(pair.target, collection, shards),
  ]);
  const from = new Map<string, string>();
  for (const { id } of await pair.source.dbServers()) {
    const server = await pair.source.dbServer(id);
    from.set(id, (await server.json<{ tick: string }>({ method: 'GET', path: '/_api/wal/lastTick' })).tick);
  }
  const stop = new AbortController();
  const loop = runRawLoop(pair.source, pair.target.front, DATABASE, collection, from, stop.signal);
  const measured = await Promise.race([
    writeAndWait(pair, collection, seconds),
    loop.then(() => Promise.reject(new Error('the raw loop ended'))),
  ]);
  stop.abort();
  await loop;
  // The raw collections go before the synchronization begins: it shall not copy them.
  const path = `/_api/collection/${collection}`;
  await Promise.all(
    [pair.source, pair.target].map(({ front }) => front.json({ method: 'DELETE', database: DATABASE, path })),
  );
  return measured;
}

async function configure({ sourceDatacenter, targetDatacenter }: Pair, folder: string): Promise<void> {
  const endpoint = ({ masters }: Datacenter) => masters.map((master) => master.endpoint).join(',');
  const { exit, output } = await runCommand(
    [
      ...['configure', 'sync', `--master.endpoint=${endpoint(targetDatacenter)}`, '--auth.user=root'],
      ...[`--master.cacert=${join(folder, 'tls-ca.crt')}`, `--master.keyfile=${join(folder, 'client-auth.keyfile')}`],
      ...[`--source.endpoint=${endpoint(sourceDatacenter)}`, `--source.cacert=${join(folder, 'tls-ca.crt')}`],
    ],
    { ARANGOSYNC_AUTH_PASSWORD: targetDatacenter.rootPassword },
  );
  if (exit !== 0) throw new Error(`configure sync failed: ${output}`);
}

async function measureSync(
  pair: Pair,
  folder: string,
  shards: number,
  seconds: number,
  raw: (Written & { elapsedMs: number }) | undefined,
): Promise<Measurement[]> {
  if (raw === undefined) throw new Error(`the raw loop was not measured at ${shards} shards`);
  const collection = `sync${shards}`;
  await createCollection(pair.source, collection, shards);
  await allRunning(pair, folder, collection, shards);
  const readBefore = await bytesRead(pair.sourceDatacenter);
  const synced = await writeAndWait(pair, collection, seconds);
  const read = (await bytesRead(pair.sourceDatacenter)) - readBefore;
  const docsPerS = (1_000 * synced.documents) / synced.elapsedMs;
  const rawPerS = (1_000 * raw.documents) / raw.elapsedMs;
  const lag = await measureLag(pair.source.front, pair.target.front, DATABASE, collection, docsPerS / 2, seconds);
  const name = `shards=${shards}`;
  return [
    { case: name, metric: 'docs_per_s', value: docsPerS, unit: '' },
    { case: name, metric: 'mib_per_s', value: (1_000 * synced.bytes) / synced.elapsedMs / MIB, unit: 'MiB/s' },
    { case: name, metric: 'raw_docs_per_s', value: rawPerS, unit: '' },
    { case: name, metric: 'ratio_to_raw', value: docsPerS / rawPerS, unit: '' },
    { case: name, metric: 'lag_p50_ms', value: lag.p50Ms, unit: 'ms' },
    { case: name, metric: 'lag_p99_ms', value: lag.p99Ms, unit: 'ms' },
    { case: name, metric: 'read_per_written', value: read / synced.bytes, unit: '' },
  ];
}

async function allRunning(pair: Pair, folder: string, collection: string, shards: number): Promise<void> {
  const masters = mastersOf(pair.targetDatacenter, readFileSync(join(folder, 'tls-ca.crt'), 'utf8'));
  await until(
    `starting ${shards} shards of ${collection}`,
    READY_TIMEOUT_MS,
    NEVER,
    () => targetStatus(masters, collection),
    (status) => status.running === shards && status.shards === shards,
  );
  await masters.close();
}

/** Bytes that the source's workers have read from their database, from their metrics. */
async function bytesRead({ workers, masterSecret }: Datacenter): Promise<number> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  let sum = 0;
  for (const { endpoint } of workers) {
    const headers = { authorization: `bearer ${masterToken(masterSecret)}` };
    const answer = await dispatcher.request({ origin: endpoint, path: '/metrics', method: 'GET', headers });
    const text = await answer.body.text();
    const [, value] = /^arangosync_worker_database_bytes_read (\S+)$/m.exec(text) ?? [];
    if (value === undefined) throw new Error(`the worker at ${endpoint} tells no bytes read: ${text.slice(0, 200)}`);
    sum += Number(value);
  }
  await dispatcher.close();
  return sum;
}
