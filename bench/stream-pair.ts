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
import type { DemoProcess } from '../cli/demo/processes.ts';
import { targetStatus, until } from '../cli/demo/status.ts';
import { masterToken } from '../cli/master-client.ts';
import type { ConnectedDeployment } from '../src/adapters/arangodb/deployment.ts';
import {
  command,
  configure,
  connectTo,
  count,
  createDatabase,
  DATABASE,
  hasLeader,
  mastersIn,
  NEVER,
} from './datacenters.ts';
import { LinkProxy } from './link-proxy.ts';
import type { BenchOptions } from './options.ts';
import { type CollectionOf, runRawLoop } from './raw-loop.ts';
import { withFolder } from './with-folder.ts';
import { type Written, writeDocuments } from './writer.ts';

const SIZE: DatacenterSize = { masters: 1, workers: 1, dbServers: 3, coordinators: 1 };
const NO_SYNC: DatacenterSize = { ...SIZE, masters: 0, workers: 0 };
const READY_TIMEOUT_MS = 300_000;
const POLL_MS = 10;

/** What was written in one turn, and how long it took until all of it was visible on the target. */
export type Run = Written & { readonly elapsedMs: number };

export interface Pair {
  readonly source: ConnectedDeployment;
  readonly target: ConnectedDeployment;
  readonly sourceDatacenter: Datacenter;
  readonly targetDatacenter: Datacenter;
}

/** Two clusters that follow each other, and two more for a raw loop; or none, where the link is what is measured. */
export interface Scene {
  readonly sync: Pair;
  readonly raw: Pair;
  readonly folder: string;
}

/** Runs `work` on fresh pairs of clusters, of which one follows; nothing of it is left behind. */
export async function besideRaw<T>(through: BenchOptions['through'], work: (scene: Scene) => Promise<T>): Promise<T> {
  return await withFolder(async (folder, processes) => {
    const authorities = makeAuthorities(folder);
    const raw = await startPair('raw', NO_SYNC, authorities, folder, processes);
    const sync = await startPair(
      'sync',
      { ...SIZE, workersAreReached: through === 'workers' },
      authorities,
      folder,
      processes,
    );
    await startSync(sync, folder);
    const result = await work({ sync, raw, folder });
    await Promise.all([raw, sync].map(close));
    return result;
  });
}

/** Runs `work` on a fresh pair that follows over a link, which is as loopback to begin with. */
export async function overLink<T>(work: (pair: Pair, link: LinkProxy, folder: string) => Promise<T>): Promise<T> {
  const link = await LinkProxy.listen();
  try {
    return await withFolder(async (folder, processes) => {
      const authorities = makeAuthorities(folder);
      const reachedAt = `https://127.0.0.1:${link.port}`;
      const pair = await startPair('sync', { ...SIZE, reachedAt }, authorities, folder, processes);
      const [master] = pair.sourceDatacenter.masters;
      if (master === undefined) throw new Error('the source has a master');
      link.towards(Number(new URL(master.endpoint).port));
      await startSync(pair, folder, reachedAt);
      const result = await work(pair, link, folder);
      await close(pair);
      return result;
    });
  } finally {
    await link.close();
  }
}

async function close({ source, target }: Pair): Promise<void> {
  await Promise.all([source.close(), target.close()]);
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
  const [source, target] = await Promise.all([connectTo(sourceDatacenter), connectTo(targetDatacenter)]);
  for (const deployment of [source, target]) await createDatabase(deployment);
  return { source, target, sourceDatacenter, targetDatacenter };
}

export function perSecond({ documents, elapsedMs }: Run): number {
  return (1_000 * documents) / elapsedMs;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

export async function dropCollection({ front }: ConnectedDeployment, name: string): Promise<void> {
  await front.json({ method: 'DELETE', database: DATABASE, path: `/_api/collection/${name}` });
}

/** Writes for `seconds` and waits until the target has it all; the time from the first write on. */
export async function writeAndWait(pair: Pair, collection: string, seconds: number, round: number): Promise<Run> {
  const before = await count(pair.target, collection);
  const startedAt = performance.now();
  const written = await writeDocuments(pair.source.front, DATABASE, collection, seconds, round);
  while ((await count(pair.target, collection)) < before + written.documents) {
    if (performance.now() - startedAt > READY_TIMEOUT_MS) throw new Error(`${collection} did not arrive on the target`);
    await sleep(POLL_MS);
  }
  return { ...written, elapsedMs: performance.now() - startedAt };
}

/** What was written beside a raw loop, and what that read of the source's log for each byte of it. */
export type RawRun = Run & { readonly readPerWritten: number };

/** Runs `work` on a pair that nothing but a raw loop replicates. */
export async function besideRawLoop(pair: Pair, collectionOf: CollectionOf, work: () => Promise<Run>): Promise<RawRun> {
  const from = await lastTicks(pair.source);
  const stop = new AbortController();
  const loop = runRawLoop(pair.source, pair.target.front, DATABASE, collectionOf, from, stop.signal);
  const measured = await Promise.race([work(), loop.then(() => Promise.reject(new Error('the raw loop ended')))]);
  stop.abort();
  return { ...measured, readPerWritten: (await loop) / measured.bytes };
}

/** Begins the synchronization. */
export async function startSync(
  { sourceDatacenter, targetDatacenter }: Pair,
  folder: string,
  reachedAt?: string,
): Promise<void> {
  for (const datacenter of [sourceDatacenter, targetDatacenter]) {
    const masters = mastersIn(datacenter, folder);
    await hasLeader(masters);
    await masters.close();
  }
  await configure(sourceDatacenter, targetDatacenter, folder, reachedAt);
}

/** Ends the synchronization; {@link startSync} begins another one. */
export async function stopSync({ targetDatacenter }: Pair, folder: string): Promise<void> {
  await command(targetDatacenter, folder, ['stop', 'sync']);
}

export async function allRunning(pair: Pair, folder: string, collection: string, shards: number): Promise<void> {
  const masters = mastersIn(pair.targetDatacenter, folder);
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
export async function bytesRead(datacenter: Datacenter): Promise<number> {
  let sum = 0;
  for (const text of await metricsOf(datacenter)) {
    const [, value] = /^arangosync_worker_database_bytes_read (\S+)$/m.exec(text) ?? [];
    if (value === undefined) throw new Error(`a worker tells no bytes read: ${text.slice(0, 200)}`);
    sum += Number(value);
  }
  return sum;
}

/** The largest lag that the target's workers report; undefined while they know of none. */
export async function reportedLagMs(datacenter: Datacenter): Promise<number | undefined> {
  const seconds = (await metricsOf(datacenter)).flatMap((text) =>
    [...text.matchAll(/^arangosync_worker_lag_seconds_max\{[^}]*\} (\S+)$/gm)].map(([, value]) => Number(value)),
  );
  return seconds.length === 0 ? undefined : Math.max(...seconds) * 1_000;
}

async function metricsOf({ workers, masterSecret }: Datacenter): Promise<string[]> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const headers = { authorization: `bearer ${masterToken(masterSecret)}` };
    return await Promise.all(
      workers.map(async ({ endpoint }) => {
        const answer = await dispatcher.request({ origin: endpoint, path: '/metrics', method: 'GET', headers });
        return await answer.body.text();
      }),
    );
  } finally {
    await dispatcher.close();
  }
}

/** Where the log of each DB-Server ends now, by the server's name. */
export async function lastTicks(deployment: ConnectedDeployment): Promise<Map<string, string>> {
  const ticks = new Map<string, string>();
  for (const { id } of await deployment.dbServers()) {
    const server = await deployment.dbServer(id);
    ticks.set(id, (await server.json<{ tick: string }>({ method: 'GET', path: '/_api/wal/lastTick' })).tick);
  }
  return ticks;
}
