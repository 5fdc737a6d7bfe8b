import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import {
  type Authorities,
  type Datacenter,
  type DatacenterSize,
  makeAuthorities,
  newSecrets,
  startDatacenter,
} from '../cli/demo/datacenter.ts';
import { type DemoProcess, runCommand, stopAll } from '../cli/demo/processes.ts';
import { leaderOf, mastersOf, targetStatus, until } from '../cli/demo/status.ts';
import { masterToken } from '../cli/master-client.ts';
import { type ConnectedDeployment, connectDeployment } from '../src/adapters/arangodb/deployment.ts';
import { measureLag } from './lag.ts';
import { runRawLoop } from './raw-loop.ts';
import { type Measurement, reportMeasurements } from './report.ts';
import { type Written, writeDocuments } from './writer.ts';

const SIZE = { masters: 1, workers: 1, dbServers: 3, coordinators: 1 };
const DATABASE = 'bench';
const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 10;
const MIB = 1_024 * 1_024;
const NEVER = new AbortController().signal;

type Run = Written & { readonly elapsedMs: number };

interface Pair {
  readonly source: ConnectedDeployment;
  readonly target: ConnectedDeployment;
  readonly sourceDatacenter: Datacenter;
  readonly targetDatacenter: Datacenter;
}

/**
 * What streams from a source cluster to a target cluster, at each number of shards: documents and bytes per second from
 * the first write until all is visible on the target, the lag at half of that rate, and what is read from the source's
 * logs for each byte written there. Beside it a raw loop between two more clusters of the same kind, which nothing else
 * reads. The two take turns, so that what slows the machine slows both; each figure is the median of the rounds after
 * the first, which warms them up. Clusters, masters and workers are processes of their own.
 */
export async function run({
  json,
  seconds,
  rounds,
  shards: counts,
}: {
  json: boolean;
  seconds: number;
  rounds: number;
  shards: readonly number[];
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-bench-'));
  const processes: DemoProcess[] = [];
  try {
    const authorities = makeAuthorities(folder);
    const raw = await startPair('raw', { ...SIZE, masters: 0, workers: 0 }, authorities, folder, processes);
    const sync = await startPair('sync', SIZE, authorities, folder, processes);
    await configure(sync, folder);
    const results: Measurement[] = [];
    for (const shards of counts) results.push(...(await measureCase(raw, sync, folder, shards, seconds, rounds)));
    reportMeasurements('stream', results, json);
    await Promise.all([raw, sync].flatMap(({ source, target }) => [source.close(), target.close()]));
  } finally {
    await stopAll(processes);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startPair(
  name: string,
  size: DatacenterSize,
  authorities: Authorities,
  folder: string,
  processes: DemoProcess[],
): Promise<Pair> {
  const start = (end: string) =>
    startDatacenter(
      `${name}-${end}`,
      folder,
      authorities,
      newSecrets(),
      size,
      (process) => void processes.push(process),
    );
  const [sourceDatacenter, targetDatacenter] = await Promise.all([start('source'), start('target')]);
  const connect = ({ endpoints, clusterSecret }: Datacenter) =>
    connectDeployment({ endpoints, credentials: { kind: 'secret', jwtSecret: clusterSecret }, verify: false });
  const [source, target] = await Promise.all([connect(sourceDatacenter), connect(targetDatacenter)]);
  await source.front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  await target.front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  return { source, target, sourceDatacenter, targetDatacenter };
}

async function measureCase(
  raw: Pair,
  sync: Pair,
  folder: string,
  shards: number,
  seconds: number,
  rounds: number,
): Promise<Measurement[]> {
  const collection = `shards${shards}`;
  await Promise.all([raw.source, raw.target, sync.source].map((end) => createCollection(end, collection, shards)));
  await allRunning(sync, folder, collection, shards);
  const measured: { raw: Run; sync: Run; read: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const rawRun = await runRaw(raw, collection, seconds, round);
    const readBefore = await bytesRead(sync.sourceDatacenter);
    const syncRun = await writeAndWait(sync, collection, seconds, round);
    const read = ((await bytesRead(sync.sourceDatacenter)) - readBefore) / syncRun.bytes;
    if (round > 0) measured.push({ raw: rawRun, sync: syncRun, read });
  }
  const docsPerS = median(measured.map((round) => perSecond(round.sync)));
  const lag = await measureLag(sync.source.front, sync.target.front, DATABASE, collection, docsPerS / 2, seconds);
  const ratios = measured.map((round) => perSecond(round.sync) / perSecond(round.raw));
  await Promise.all([raw.source, raw.target, sync.source].map((end) => dropCollection(end, collection)));
  return [
    ['docs_per_s', docsPerS, ''],
    ['mib_per_s', median(measured.map(({ sync: { bytes, elapsedMs } }) => (1_000 * bytes) / elapsedMs / MIB)), 'MiB/s'],
    ['raw_docs_per_s', median(measured.map((round) => perSecond(round.raw))), ''],
    ['ratio_to_raw', median(ratios), ''],
    ['ratio_min', Math.min(...ratios), ''],
    ['ratio_max', Math.max(...ratios), ''],
    ['lag_p50_ms', lag.p50Ms, 'ms'],
    ['lag_p99_ms', lag.p99Ms, 'ms'],
    ['read_per_written', median(measured.map(({ read }) => read)), ''],
  ].map(([metric, value, unit]) => ({ case: `shards=${shards}`, metric, value, unit }) as Measurement);
}

function perSecond({ documents, elapsedMs }: Run): number {
  return (1_000 * documents) / elapsedMs;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
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

async function dropCollection({ front }: ConnectedDeployment, name: string): Promise<void> {
  await front.json({ method: 'DELETE', database: DATABASE, path: `/_api/collection/${name}` });
}

/** Writes for `seconds` and waits until the target has it all; the time from the first write on. */
async function writeAndWait(pair: Pair, collection: string, seconds: number, round: number): Promise<Run> {
  const before = await count(pair.target, collection);
  const startedAt = performance.now();
  const written = await writeDocuments(pair.source.front, DATABASE, collection, seconds, round);
  while ((await count(pair.target, collection)) < before + written.documents) {
    if (performance.now() - startedAt > READY_TIMEOUT_MS) throw new Error(`${collection} did not arrive on the target`);
    await sleep(POLL_MS);
  }
  return { ...written, elapsedMs: performance.now() - startedAt };
}

async function runRaw(pair: Pair, collection: string, seconds: number, round: number): Promise<Run> {
  const from = new Map<string, string>();
  for (const { id } of await pair.source.dbServers()) {
    const server = await pair.source.dbServer(id);
    from.set(id, (await server.json<{ tick: string }>({ method: 'GET', path: '/_api/wal/lastTick' })).tick);
  }
  const stop = new AbortController();
  const loop = runRawLoop(pair.source, pair.target.front, DATABASE, collection, from, stop.signal);
  const measured = await Promise.race([
    writeAndWait(pair, collection, seconds, round),
    loop.then(() => Promise.reject(new Error('the raw loop ended'))),
  ]);
  stop.abort();
  await loop;
  return measured;
}

async function configure({ sourceDatacenter, targetDatacenter }: Pair, folder: string): Promise<void> {
  for (const datacenter of [sourceDatacenter, targetDatacenter]) {
    const masters = mastersOf(datacenter, readFileSync(join(folder, 'tls-ca.crt'), 'utf8'));
    const elected = (leader: string | undefined) => leader !== undefined;
    await until('electing a leader', READY_TIMEOUT_MS, NEVER, () => leaderOf(masters), elected);
    await masters.close();
  }
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
