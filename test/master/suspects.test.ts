import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Master } from '../../src/master/master.ts';
import type { ShardRef } from '../../src/wire/shards.ts';
import { type Datacenter, fastTimes, operator } from './support/datacenter.ts';
import { type FakeWorker, shardReport } from './support/fake-worker.ts';
import { type FollowingPair, openFollowing, reportStructure } from './support/following.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const shard: ShardRef = { database: 'd', collection: 'c', shardIndex: 0 };
const quietMs = fastTimes.quietTimeMs + fastTimes.workerLeaseMs;

let pair: FollowingPair;
let b: Datacenter;
let leader: Master;
let workers: readonly FakeWorker[];
let live: FollowingPair['live'];

beforeEach(async () => {
  pair = await openFollowing(shard);
  ({ b, leader, workers, live } = pair);
  await until('the worker has the shard', () => taskOfWorker() !== undefined);
});

afterEach(() => pair.stop());

const taskOfWorker = () => workers[1]?.instructions?.tasks.find(({ type }) => type === 'receive-shard');

/** What the worker of the target says; with a doubt, that the outcome of a write is unknown. */
async function report(more: object = {}, suspected: readonly { reason: string; shards: ShardRef[] }[] = []) {
  const taskId = taskOfWorker()?.id ?? '';
  const shards = [shardReport(taskId, shard, more)];
  await leader.reports.shards('wb', { term: leader.state.leadership.term, shards, suspected: [...suspected] }, signal);
}

const doubt = () => report({}, [{ reason: 'a write was not answered', shards: [shard] }]);
const isSuspect = () => leader.state.suspects.has('d/c/0');

async function commits() {
  return await (await b.ports()).log.read({ position: 0, hash: '' }, 1_000);
}

describe('S4: a suspect shard', () => {
  it('is in the log when the worker is answered, is shown, and is compared after the quiet time', async () => {
    const sinceMs = performance.now();
    await doubt();
    expect(isSuspect()).toBe(true);
    expect(leader.sync.info('full').shards?.[0]?.status_message).toContain('a write was not answered; it is compared');
    expect(taskOfWorker()?.suspicion).toBeUndefined();
    const task = await until(
      'the worker is to compare',
      () => taskOfWorker()?.suspicion !== undefined && taskOfWorker(),
    );
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(quietMs - 1);
    await report({ settled: { suspicion: task.suspicion, how: 'copied' } });
    expect(isSuspect()).toBe(false);
    const settled = (await commits())
      .flatMap(({ events }) => events)
      .filter(({ type }) => type === 'SuspicionsSettled');
    expect(settled.map(({ data }) => data)).toEqual([{ shards: [shard], how: 'copied' }]);
  });

  it('is not in sync behind a barrier, and says why', async () => {
    await leader.barrier.set(operator, signal);
    const epoch = await until('workers hear of the barrier', () => workers[1]?.instructions?.incoming?.barrier?.epoch);
    await report({ reachedBarrier: epoch });
    await reportStructure(leader, epoch);
    await until('in sync', () => leader.barrier.info().in_sync_shards === 1);
    await report({ reachedBarrier: epoch }, [{ reason: 'a write was not answered', shards: [shard] }]);
    expect(leader.barrier.info()).toMatchObject({ in_sync_shards: 0, not_in_sync_shards: 1 });
    expect(leader.barrier.info().message).toContain('a write was not answered');
    await expect(leader.sync.cancel({ ensure_in_sync: true }, operator, signal)).rejects.toThrow('old writes may land');
    const task = await until(
      'the worker is to compare',
      () => taskOfWorker()?.suspicion !== undefined && taskOfWorker(),
    );
    // Equal trees of the past prove nothing: it stays out until the comparison behind the quiet time.
    expect(leader.barrier.info().in_sync_shards).toBe(0);
    await report({ reachedBarrier: epoch, settled: { suspicion: task.suspicion, how: 'equal' } });
    await until('in sync again', () => leader.barrier.info().in_sync_shards === 1);
  });

  it('comes with the commit that takes a lost worker its tasks, and not with one that signed off', async () => {
    const other = live(b, 'wb2');
    await until('both have tasks, for good', () => {
      const held = [...leader.state.tasks.values()].map(({ workerId }) => workerId);
      const told = workers.slice(1).map(({ instructions }) => instructions?.tasks.length);
      return held.includes('wb') && held.includes('wb2') && told.every((count) => count === 1);
    });
    const holder = taskOfWorker() === undefined ? other : workers[1];
    const heir = holder === other ? workers[1] : other;
    await holder?.die();
    await until('suspect', isSuspect);
    const commit = (await commits()).find(({ events }) => events.some(({ type }) => type === 'ShardsSuspected'));
    expect(commit?.events.map(({ type }) => type)).toEqual(['ShardsSuspected', 'TasksUnassigned', 'WorkerLeft']);
    await until('given on', () => heir?.instructions?.tasks.some(({ type }) => type === 'receive-shard'));
    const before = leader.state.suspects.get('d/c/0')?.position;
    await heir?.die();
    await leader.workers.remove(heir?.id ?? '', { kind: 'secret', name: heir?.id ?? '' }, signal);
    expect(leader.state.suspects.get('d/c/0')?.position).toBe(before);
  });
});

describe('S4: becoming writable', () => {
  it('waits out the quiet time, and says until when', async () => {
    const sinceMs = performance.now();
    await doubt();
    const ended = leader.sync.cancel({ wait_timeout: 20_000_000_000 }, operator, signal);
    await until('it says so', () =>
      leader.sync.info('short').status_message?.includes('old writes that may still land'),
    );
    expect(b.deployment.front.mode).toBe('readonly');
    expect(await ended).toMatchObject({ cancelling: false });
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(quietMs - 1);
    expect(b.deployment.front.mode).toBe('default');
    expect(leader.state.suspects.size).toBe(0);
  });

  it('waits for nothing when nothing is in doubt', async () => {
    const ended = leader.sync.cancel({ wait_timeout: 20_000_000_000 }, operator, signal);
    const said = new Set<string | undefined>();
    await until('inactive', () => {
      said.add(leader.sync.info('short').status_message);
      return leader.state.synchronization.phase === 'inactive';
    });
    await ended;
    expect([...said].join()).not.toContain('old writes');
    expect((await commits()).flatMap(({ events }) => events).map(({ type }) => type)).not.toContain('ShardsSuspected');
  });

  it('by force, when the operator will not wait, is recorded with what is not settled', async () => {
    await doubt();
    await expect(leader.sync.cancel({ skip_quiet_time: true }, operator, signal)).rejects.toMatchObject({
      status: 400,
    });
    const request = { force: true, skip_quiet_time: true, wait_timeout: 20_000_000_000 };
    expect(await leader.sync.cancel(request, operator, signal)).toMatchObject({ cancelling: false });
    expect(b.deployment.front.mode).toBe('default');
    expect(leader.state.synchronization.lastStop).toMatchObject({ unsettledShards: 1 });
    expect(leader.sync.info('short').stop_warnings?.join()).toContain('old writes may still land in 1 shards');
    await until('over', () => !isSuspect());
  });
});
