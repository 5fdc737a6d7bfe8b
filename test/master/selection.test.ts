import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Master } from '../../src/master/master.ts';
import type { ShardRef } from '../../src/wire/shards.ts';
import { Datacenter, operator } from './support/datacenter.ts';
import { FakeWorker, shardReport } from './support/fake-worker.ts';
import { followingOf, reportStructure, request } from './support/following.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const shard: ShardRef = { database: 'd', collection: 'c', shardIndex: 0 };
const WITHOUT_TMP = { include: [], exclude: ['d/tmp*', 'other'] };

let a: Datacenter;
let b: Datacenter;
const workers: FakeWorker[] = [];

beforeEach(async () => {
  a = await Datacenter.open('AAA');
  b = await Datacenter.open('BBB');
  b.source = a;
  const collection = { id: '1', isSystem: false, count: 5, hash: '11' };
  const names = (all: string[]) => new Map(all.map((name) => [name, collection]));
  a.deployment.front.databases.set('d', names(['c', 'tmp1'])).set('other', names(['x']));
  b.deployment.front.databases.set('d', names(['c', 'tmp9'])).set('local', names(['mine']));
  await a.startMaster('a1');
  await a.leader();
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.die()));
  await Promise.all([a.stop(), b.stop()]);
});

/** B follows what is selected of A, with one shard. */
async function following(): Promise<Master> {
  const leader = await b.leader();
  await leader.configuration.configure({ ...request, selection: WITHOUT_TMP }, operator, signal);
  const worker = new FakeWorker('wb');
  worker.live(() => b.masters.find((master) => master.leads));
  workers.push(worker);
  const sending = new FakeWorker('wa');
  sending.live(() => a.masters.find((master) => master.leads));
  workers.push(sending);
  return await followingOf(a, b, [shard]);
}

const told = () => workers[0]?.instructions?.incoming;

describe('a selection', () => {
  it('is told to the workers of the target, and to nobody else', async () => {
    await b.startMaster('b1');
    const leader = await following();
    const selection = await until('they are told', () => told()?.selection);
    expect(selection).toEqual(WITHOUT_TMP);
    expect(workers[1]?.instructions?.incoming).toBeUndefined();
    const all = { ...request, selection: { include: ['*'], exclude: [] }, change_selection: true };
    await leader.configuration.configure(all, operator, signal);
    await until('they are told of the change', () => told() !== undefined && told()?.selection === undefined);
  });

  it('leaves out of the listing what it leaves out, and says so', async () => {
    await b.startMaster('b1');
    const leader = await following();
    const { datacenters, selection } = await leader.checksums.listing(signal);
    expect(selection).toEqual(WITHOUT_TMP);
    const [source, target] = datacenters.map(({ databases }) =>
      Object.entries(databases).map(([name, { collections, excluded_collections: excluded }]) => [
        name,
        Object.keys(collections),
        Object.keys(excluded).filter((each) => !each.startsWith('_')),
      ]),
    );
    expect(source).toContainEqual(['d', ['c'], ['tmp1']]);
    expect(target).toContainEqual(['d', ['c'], ['tmp9']]);
    expect([source, target].flat().map((entry) => entry?.[0])).not.toContain('other');
  });

  it('S8: counts what it takes as not in sync while nobody follows it, and not what it leaves out', async () => {
    await b.startMaster('b1');
    const leader = await following();
    await leader.barrier.set(operator, signal);
    const epoch = await until('the barrier is told', () => told()?.barrier?.epoch);
    const tasks = workers[0]?.instructions?.tasks ?? [];
    const taskId = tasks.find(({ type }) => type === 'receive-shard')?.id ?? '';
    const { term } = leader.state.leadership;
    const report = { ...shardReport(taskId, shard), reachedBarrier: epoch };
    await leader.reports.shards('wb', { term, shards: [report] }, signal);
    await reportStructure(leader, epoch);
    await until('in sync', () => leader.barrier.info().not_in_sync_shards === 0);
    expect(leader.barrier.info().in_sync_shards).toBe(1);
    const all = { ...request, selection: { include: [], exclude: ['other'] }, change_selection: true };
    await leader.configuration.configure(all, operator, signal);
    await until('what is selected now is missed', () => leader.barrier.info().not_in_sync_shards === 1);
  });
});

it("S16: at a stop the servers' clocks are ahead of what was left out as well", async () => {
  await b.startMaster('b1');
  const leader = await following();
  b.deployment.front.databases.get('d')?.set('gone', { id: '7', isSystem: false, count: 1, hash: '1' });
  const { configuration } = leader.state.synchronization;
  const gone = { ...shard, collection: 'gone' };
  const empty = {
    epoch: configuration?.epoch ?? '',
    sourceDeployment: 'AAA',
    problems: [],
    heldDrops: [],
    changes: [],
  };
  await leader.reports.structure('wb', { ...empty, shards: [shard, gone] }, signal);
  const without = { ...request, selection: { include: ['d/c'], exclude: [] }, change_selection: true };
  await leader.configuration.configure(without, operator, signal);
  await leader.reports.structure('wb', { ...empty, shards: [shard] }, signal);
  expect([...leader.state.shards.leftOut.values()]).toEqual([gone]);
  const { front } = b.deployment;
  const asked: unknown[] = [];
  const answer = front.request.bind(front);
  front.request = async (request) => {
    if (request.path === '/_api/replication/revisions/tree') asked.push(request.query?.collection);
    return await answer(request);
  };
  await leader.sync.cancel({ wait_timeout: 20_000_000_000 }, operator, signal);
  expect(asked).toEqual(expect.arrayContaining(['c', 'gone']));
});

describe('bounds of the replication factor', () => {
  it("are the leader's: recorded, told to the workers, and changed by its restart with others", async () => {
    await b.startMaster('b1', undefined, { replicationFactor: { min: 2 } });
    const leader = await following();
    await until('they are told', () => told()?.replicationFactor?.min === 2);
    expect(leader.state.settings.replicationFactor).toEqual({ min: 2 });
    await b.stop();
    await b.startMaster('b2', undefined, { replicationFactor: { max: 1 } });
    await until('others are told', () => told()?.replicationFactor?.max === 1);
    expect(told()?.replicationFactor).toEqual({ max: 1 });
    await b.stop();
    await b.startMaster('b3');
    await until('none are told', () => told() !== undefined && told()?.replicationFactor === undefined);
    expect((await b.leader()).state.settings.replicationFactor).toEqual({});
  });
});
