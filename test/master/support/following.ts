import type { Master } from '../../../src/master/master.ts';
import type { MasterSettings } from '../../../src/master/ports.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import { credentials, Datacenter, operator } from './datacenter.ts';
import { FakeWorker } from './fake-worker.ts';
import { until } from './until.ts';

const signal = new AbortController().signal;

/** What an operator of the target asks. */
export const request = { source: ['https://a1:8629', 'https://a2:8629'], authentication: credentials };

/** The leader of the target, with a synchronization configured. */
export async function configuredAt(target: Datacenter): Promise<Master> {
  const leader = await target.leader();
  await leader.configuration.configure(request, operator, signal);
  return leader;
}

/** Up to the point where the structure is known and both sides have their tasks. */
export async function followingOf(
  source: Datacenter,
  target: Datacenter,
  shards: readonly ShardRef[],
): Promise<Master> {
  const leader = await configuredAt(target);
  const { configuration, identity } = await until('the source is identified', () => {
    const { synchronization } = leader.state;
    return synchronization.identity !== null && synchronization;
  });
  const report = {
    epoch: configuration?.epoch ?? '',
    sourceDeployment: identity?.deploymentId ?? '',
    shards: [...shards],
    problems: [],
    heldDrops: [],
    changes: [],
  };
  await until('the structure is reported', () => {
    const inventory = [...leader.state.tasks.values()].find(({ type }) => type === 'receive-inventory');
    return leader.reports.structure(inventory?.workerId ?? 'nobody', report, signal).then(
      () => true,
      () => false,
    );
  });
  await until('tasks on both sides', async () => {
    const sent = [...(await source.leader()).state.tasks.values()].filter(({ type }) => type === 'send-shard');
    const received = [...leader.state.tasks.values()].filter(({ type }) => type === 'receive-shard');
    return sent.length === shards.length && received.length === shards.length;
  });
  return leader;
}

/** What the worker with the inventory task says once the target has the structure behind the source's barrier. */
export async function reportStructure(leader: Master, reachedBarrier: string): Promise<void> {
  const { tasks, shards, synchronization } = leader.state;
  const inventory = [...tasks.values()].find(({ type }) => type === 'receive-inventory');
  const report = {
    epoch: synchronization.configuration?.epoch ?? '',
    sourceDeployment: synchronization.identity?.deploymentId ?? '',
    shards: [...shards.byKey.values()].map(({ shard }) => shard),
    problems: [],
    heldDrops: [],
    changes: [],
    reachedBarrier,
  };
  await leader.reports.structure(inventory?.workerId ?? 'nobody', report, signal);
}

/** Two datacenters with one shard, the second following the first, with a master and a living worker in each. */
export interface FollowingPair {
  readonly a: Datacenter;
  readonly b: Datacenter;
  /** Of the target. */
  readonly leader: Master;
  /** Of the source, and of the target; others that a test lets live end with them. */
  readonly workers: FakeWorker[];
  readonly live: (datacenter: Datacenter, id: string) => FakeWorker;
  readonly stop: () => Promise<void>;
}

export async function openFollowing(shard: ShardRef, settings: Partial<MasterSettings> = {}): Promise<FollowingPair> {
  const workers: FakeWorker[] = [];
  const live = (datacenter: Datacenter, id: string) => {
    const worker = new FakeWorker(id);
    worker.live(() => datacenter.masters.find((master) => master.leads));
    workers.push(worker);
    return worker;
  };
  const [a, b] = [await Datacenter.open('AAA'), await Datacenter.open('BBB')];
  b.source = a;
  for (const { deployment } of [a, b]) {
    const collection = { id: '1', isSystem: false, count: 5, hash: '11' };
    deployment.front.databases.set(shard.database, new Map([[shard.collection, collection]]));
  }
  await a.startMaster('a1');
  await b.startMaster('b1', undefined, settings);
  await Promise.all([a.leader(), b.leader()]);
  live(a, 'wa');
  live(b, 'wb');
  const leader = await followingOf(a, b, [shard]);
  const stop = async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.die()));
    await Promise.all([a.stop(), b.stop()]);
  };
  return { a, b, leader, workers, live, stop };
}
