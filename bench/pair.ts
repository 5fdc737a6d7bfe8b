import { setTimeout as sleep } from 'node:timers/promises';
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
import type { MasterClient } from '../cli/master-client.ts';
import type { ConnectedDeployment } from '../src/adapters/arangodb/deployment.ts';
import type { ControlState } from '../src/projections/control-state.ts';
import {
  command,
  configure,
  connectTo,
  count,
  createCollection,
  createDatabase,
  hasLeader,
  mastersIn,
  NEVER,
} from './datacenters.ts';
import { LogFollower } from './log-follower.ts';
import { withFolder } from './with-folder.ts';

const SIZE: DatacenterSize = { masters: 2, workers: 2, dbServers: 3, coordinators: 1 };
export const SHARDS_PER_COLLECTION = 8;
const CREATE_AT_ONCE = 4;
const RUNNING_TIMEOUT_MS = 300_000;
const POLL_MS = 50;
const CONTROL_TOKEN = 'control token of the benchmarks';

/** One datacenter, with the ways to look at it. */
export interface Side {
  readonly datacenter: Datacenter;
  readonly database: ConnectedDeployment;
  readonly masters: MasterClient;
  readonly log: LogFollower;
}

export interface Pair {
  readonly source: Side;
  readonly target: Side;
  readonly folder: string;
}

/** Runs `work` on a fresh pair in which the database of the benchmarks is there; nothing of it is left behind. */
export async function withPair<T>(work: (pair: Pair) => Promise<T>, size = SIZE): Promise<T> {
  return withFolder(async (folder, processes) => {
    const pair = await startPair(folder, processes, size);
    const sides = [pair.source, pair.target];
    for (const { database } of sides) await createDatabase(database);
    const result = await work(pair);
    await Promise.all(sides.flatMap(({ database, masters }) => [database.close(), masters.close()]));
    return result;
  });
}

async function startPair(folder: string, processes: DemoProcess[], size: DatacenterSize): Promise<Pair> {
  const authorities = makeAuthorities(folder);
  const [source, target] = await Promise.all(
    ['source', 'target'].map((name) => startSide(name, size, folder, authorities, processes)),
  );
  if (source === undefined || target === undefined) throw new Error('two datacenters were started');
  return { source, target, folder };
}

async function startSide(
  name: string,
  size: DatacenterSize,
  folder: string,
  authorities: Authorities,
  processes: DemoProcess[],
): Promise<Side> {
  const secrets = { ...newSecrets(), controlToken: CONTROL_TOKEN };
  const started = (process: DemoProcess) => void processes.push(process);
  const datacenter = await startDatacenter(name, folder, authorities, secrets, size, started);
  const masters = mastersIn(datacenter, folder);
  const [database] = await Promise.all([connectTo(datacenter), hasLeader(masters)]);
  return { datacenter, database, masters, log: new LogFollower(database, datacenter.masterSecret) };
}

/** Shards in collections of {@link SHARDS_PER_COLLECTION}. Tells the names of the collections. */
export async function createCollections(database: ConnectedDeployment, shards: number): Promise<readonly string[]> {
  const names = Array.from({ length: Math.ceil(shards / SHARDS_PER_COLLECTION) }, (_, index) => `orders-${index}`);
  let next = 0;
  const createOneByOne = async () => {
    for (let index = next++; index < names.length; index = next++) {
      const numberOfShards = Math.min(SHARDS_PER_COLLECTION, shards - index * SHARDS_PER_COLLECTION);
      await createCollection(database, names[index] ?? '', numberOfShards);
    }
  };
  await Promise.all(Array.from({ length: CREATE_AT_ONCE }, createOneByOne));
  return names;
}

/** Seconds that a command at the target takes, the start of its process included. Throws when it fails. */
export async function measureCommand({ target, folder }: Pair, words: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await command(target.datacenter, folder, words);
  return (performance.now() - startedAt) / 1_000;
}

/** Begins the synchronization. */
export async function startSync({ source, target, folder }: Pair): Promise<void> {
  await configure(source.datacenter, target.datacenter, folder);
}

/** Waits until the logs of both sides say so. */
export async function bothTold(
  step: string,
  timeoutMs: number,
  { source, target }: Pair,
  holds: (state: ControlState) => Progress,
): Promise<void> {
  const ask = async () => [holds(await source.log.readOn()), holds(await target.log.readOn())];
  await until(step, timeoutMs, NEVER, ask, (sides) => sides.every(({ done, of }) => done >= of));
}

/** Told when a step takes too long. */
interface Progress {
  readonly done: number;
  readonly of: number;
}

/** Beside the shards' own there is the task of the inventory. System collections have a few shards more. */
export function areAssigned({ tasks }: ControlState, shards: number): Progress {
  const given = [...tasks.values()].filter(({ workerId }) => workerId !== null);
  return { done: given.length, of: Math.max(tasks.size, shards + 1) };
}

export function areRunning({ shards, outgoing }: ControlState, count: number): Progress {
  const known = [shards.byKey, ...[...outgoing.values()].map((target) => target.shards)].flatMap((map) => [
    ...map.values(),
  ]);
  const running = known.filter(({ status }) => status === 'running');
  return { done: running.length, of: Math.max(known.length, count) };
}

/** Waits until so many shards, of one collection or at least so many of all, are followed. */
export async function running({ target }: Pair, shards: number, collection?: string): Promise<void> {
  const ask = () => targetStatus(target.masters, collection);
  const isThere = ({ running: count }: { readonly running: number }) => count >= shards;
  await until(`starting ${shards} shards`, RUNNING_TIMEOUT_MS, NEVER, ask, isThere);
}

/** Waits until the target has so many documents. */
export async function arrived(
  { target }: Pair,
  collection: string,
  documents: number,
  timeoutMs: number,
): Promise<void> {
  const startedAt = performance.now();
  while ((await count(target.database, collection)) < documents) {
    if (performance.now() - startedAt > timeoutMs) throw new Error(`${collection} did not arrive on the target`);
    await sleep(POLL_MS);
  }
}

/** Tells the embedded cluster to misbehave. */
export async function control({ datacenter }: Side, method: string, command: string, body?: object): Promise<void> {
  const headers = { authorization: `bearer ${CONTROL_TOKEN}` };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${datacenter.controlEndpoint}/_control/${command}`, { method, headers, ...text });
  if (!answer.ok) throw new Error(`${command}: ${answer.status} ${await answer.text()}`);
}
