import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Master } from '../../src/master/master.ts';
import type { ShardRef } from '../../src/wire/shards.ts';
import type { ShardReport } from '../../src/wire/worker.ts';
import { ComparingWorker } from './support/comparing-worker.ts';
import { credentials, type Datacenter, operator } from './support/datacenter.ts';
import { type FakeWorker, shardReport } from './support/fake-worker.ts';
import { type FollowingPair, openFollowing, reportStructure } from './support/following.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const shard: ShardRef = { database: 'd', collection: 'c', shardIndex: 0 };
const stopEnsured = { ensure_in_sync: true, wait_timeout: 20_000_000_000 } as const;

let pair: FollowingPair;
let a: Datacenter;
let b: Datacenter;
let leader: Master;
let workers: readonly FakeWorker[];

beforeEach(async () => {
  pair = await openFollowing(shard);
  ({ a, b, leader, workers } = pair);
});

afterEach(() => pair.stop());

/** What the worker of the target says of its shard. */
async function report(reachedBarrier: string | undefined, compared: Partial<ShardReport> = {}): Promise<void> {
  const task = await until('the shard has a worker', () =>
    [...leader.state.tasks.values()].find(({ type, workerId }) => type === 'receive-shard' && workerId !== null),
  );
  const more = { ...(reachedBarrier === undefined ? {} : { reachedBarrier }), ...compared };
  const { term } = leader.state.leadership;
  await leader.reports.shards(task.workerId ?? '', { term, shards: [shardReport(task.taskId, shard, more)] }, signal);
  if (reachedBarrier !== undefined) await reportStructure(leader, reachedBarrier);
}

const epochOf = () => until('workers hear of the barrier', () => workers[1]?.instructions?.incoming?.barrier?.epoch);

async function inSync(): Promise<void> {
  await leader.barrier.set(operator, signal);
  await report(await epochOf());
  await until('every shard is in sync', () => leader.barrier.info().not_in_sync_shards === 0);
}

describe('S8: a barrier', () => {
  it('makes the source read-only, and tells workers where its log ended', async () => {
    await leader.barrier.set(operator, signal);
    await until('established', () => leader.barrier.info().SourceServerReadonly);
    expect(a.deployment.front.mode).toBe('readonly');
    await epochOf();
    expect(workers[1]?.instructions?.incoming?.barrier?.ticks).toEqual([
      { dbServer: 'server-of-AAA', serverId: '7', tick: '100' },
    ]);
    expect(leader.barrier.info()).toMatchObject({ in_sync_shards: 0, not_in_sync_shards: 1 });
    expect((await a.leader()).sync.info('full').outgoing).toMatchObject([{ id: 'BBB', active_barrier: true }]);
  });

  it('is not established while a transaction runs', async () => {
    a.deployment.front.transactions = ['4711'];
    await leader.barrier.set(operator, signal);
    await until('the source waits', () => leader.barrier.info().message?.includes('transactions ('));
    expect(leader.barrier.info().SourceServerReadonly).toBe(false);
    a.deployment.front.transactions = [];
    await until('established', () => leader.barrier.info().SourceServerReadonly);
  });

  it.each([
    { query: 'FOR d IN c UPDATE d WITH { n: 1 } IN c', isWaitedFor: true },
    { query: 'RETURN 1', modificationQuery: true, isWaitedFor: true },
    { query: 'FOR d IN c FILTER d.text == "lo... (9000)', isWaitedFor: true },
    { query: 'RETURN "remove"', modificationQuery: false, isWaitedFor: false },
    { query: 'FOR d IN c RETURN d', isWaitedFor: false },
  ])('is not established while a query may write: $query', async ({ isWaitedFor, ...query }) => {
    a.deployment.front.queries = [{ id: '9', ...query }];
    await leader.barrier.set(operator, signal);
    if (isWaitedFor) {
      await until('the source waits', () => leader.barrier.info().message?.includes('AQL queries that write (1)'));
      expect(leader.barrier.info().SourceServerReadonly).toBe(false);
      a.deployment.front.queries = [];
    }
    await until('established', () => leader.barrier.info().SourceServerReadonly);
  });

  it('counts a shard only when its worker came there and the trees are equal', async () => {
    const collection = b.deployment.front.databases.get('d')?.get('c');
    if (collection === undefined) throw new Error('the target has no collection');
    collection.hash = '12';
    await leader.barrier.set(operator, signal);
    const epoch = await epochOf();
    const batches = b.deployment.front.batches;
    await report(epoch);
    await until('the trees are compared', () => b.deployment.front.batches > batches + 1);
    expect(leader.barrier.info().in_sync_shards).toBe(0);
    collection.hash = '11';
    await until('in sync', () => leader.barrier.info().in_sync_shards === 1);
    await report(undefined);
    expect(leader.barrier.info().in_sync_shards).toBe(0);
  });

  it('repairs a shard that differs although all was applied, and tells what it found and moved', async () => {
    const collection = b.deployment.front.databases.get('d')?.get('c');
    if (collection === undefined) throw new Error('the target has no collection');
    collection.hash = '12';
    const working = new ComparingWorker(leader, 'wb', signal);
    const counts = { source: 5, target: 6 };
    const repaired = { way: 'difference' as const, documentsFetched: 0, documentsRemoved: 1 };
    working.answer(({ repair }) => {
      if (!repair) return { state: 'different', counts };
      collection.hash = '11';
      return { state: 'equal', counts, repaired };
    });
    await leader.barrier.set(operator, signal);
    const epoch = await epochOf();
    await until('the repair', async () => {
      await report(epoch);
      return leader.barrier.info().not_in_sync_shards === 0;
    });
    const commits = await (await b.ports()).log.read({ position: 0, hash: '' }, 1_000);
    const told = commits.flatMap(({ events }) => events).filter(({ type }) => type.startsWith('Differences'));
    expect(told).toMatchObject([
      { type: 'DifferencesFound', data: { by: 'barrier', repair: true, found: [{ shard }] } },
      { type: 'DifferencesSettled', data: { settled: [{ shard, how: 'repaired', moved: repaired }] } },
    ]);
    await working.stop();
  });

  it('does not count as in sync before the target has the structure that the source had behind it', async () => {
    await leader.barrier.set(operator, signal);
    const epoch = await epochOf();
    await reportStructure(leader, 'another barrier');
    const task = [...leader.state.tasks.values()].find(({ type }) => type === 'receive-shard');
    const { term } = leader.state.leadership;
    const shards = [shardReport(task?.taskId ?? '', shard, { reachedBarrier: epoch })];
    await leader.reports.shards(task?.workerId ?? '', { term, shards }, signal);
    await until('the shard is in sync', () => leader.barrier.info().in_sync_shards === 1);
    expect(leader.barrier.info().not_in_sync_shards).toBe(1);
    await expect(leader.sync.cancel(stopEnsured, operator, signal)).rejects.toMatchObject({ status: 412 });
    await reportStructure(leader, epoch);
    await until('all is in sync', () => leader.barrier.info().not_in_sync_shards === 0);
  });

  it('S13: does not count a shard whose collection lacks an index of the source', async () => {
    await inSync();
    const reachedBarrier = await epochOf();
    const { configuration, identity } = leader.state.synchronization;
    const { leadership, tasks } = leader.state;
    const worker = [...tasks.values()].find(({ type }) => type === 'receive-inventory')?.workerId ?? '';
    const about = { epoch: configuration?.epoch ?? '', sourceDeployment: identity?.deploymentId ?? '' };
    const found = { shards: [shard], heldDrops: [], changes: [], term: leadership.term, reachedBarrier };
    const structure = { ...about, ...found };
    const lacking = { database: 'd', collection: 'c', reason: 'not created index x on d/c: 409/1210' };
    await leader.reports.structure(worker, { ...structure, problems: [lacking] }, signal);
    expect(leader.barrier.info()).toMatchObject({ in_sync_shards: 0, not_in_sync_shards: 1 });
    await expect(leader.sync.cancel(stopEnsured, operator, signal)).rejects.toThrow('1 of 1 shards are not in sync');
    await leader.reports.structure(worker, { ...structure, problems: [] }, signal);
    await until('in sync again', () => leader.barrier.info().not_in_sync_shards === 0);
  });

  it('believes no trees where contents are compared, but the worker that has compared them behind the barrier', async () => {
    await leader.barrier.set(operator, signal);
    const epoch = await epochOf();
    const batches = b.deployment.front.batches;
    await report(epoch, { comparedBy: 'content', equalBehind: 'another' });
    expect(leader.barrier.info()).toMatchObject({ in_sync_shards: 0, not_in_sync_shards: 1 });
    await report(epoch, { comparedBy: 'content', equalBehind: epoch });
    // One that is in sync is counted before the structure has been compared.
    await until('all is in sync', () => leader.barrier.info().not_in_sync_shards === 0);
    expect(leader.barrier.info().in_sync_shards).toBe(1);
    expect(b.deployment.front.batches).toBe(batches);
  });

  it('does not count as in sync while the source has a collection that is not followed yet', async () => {
    a.deployment.front.databases.get('d')?.set('new', { id: '2', isSystem: false, count: 1, hash: '7' });
    await leader.barrier.set(operator, signal);
    await report(await epochOf());
    await until('the known shard is in sync', () => leader.barrier.info().in_sync_shards === 1);
    await until('the other one is missed', () => leader.barrier.info().not_in_sync_shards === 1);
    await expect(leader.sync.cancel(stopEnsured, operator, signal)).rejects.toThrow('1 of 2 shards are not in sync');
  });

  it('is lifted for good when somebody makes the source writable', async () => {
    await inSync();
    a.deployment.front.mode = 'default';
    await until('lifted', () => !leader.barrier.info().SourceServerReadonly);
    await expect(leader.sync.cancel(stopEnsured, operator, signal)).rejects.toMatchObject({ status: 412 });
    expect(leader.state.synchronization.phase).toBe('active');
  });

  it('removed by an operator, the source is writable again', async () => {
    await leader.barrier.set(operator, signal);
    await until('established', () => leader.barrier.info().SourceServerReadonly);
    await leader.barrier.lift(operator, signal);
    await until('writable', () => a.deployment.front.mode === 'default');
    await leader.barrier.lift(operator, signal);
    expect(b.deployment.front.mode).toBe('readonly');
  });
});

describe('S8: stopping behind a barrier', () => {
  it('leaves both sides writable, after the source recorded that the barrier held', async () => {
    await inSync();
    expect(await leader.sync.cancel(stopEnsured, operator, signal)).toMatchObject({
      cancelling: false,
      aborted: false,
    });
    expect(b.deployment.front.mode).toBe('default');
    await until('the source is writable', () => a.deployment.front.mode === 'default');
    expect((await a.leader()).state.outgoing.size).toBe(0);
  });

  it('is refused while a shard is not in sync, and nothing is stopped', async () => {
    await leader.barrier.set(operator, signal);
    await until('established', () => leader.barrier.info().SourceServerReadonly);
    const refusal = leader.sync.cancel(stopEnsured, operator, signal);
    await expect(refusal).rejects.toThrow('1 of 1 shards are not in sync');
    expect(leader.state.synchronization.phase).toBe('active');
  });

  it('is given up when the barrier broke after the last look: the synchronization goes on', async () => {
    await inSync();
    const source = await a.leader();
    // Between the look at the shards and the word of the source, somebody writes there.
    a.deployment.front.mode = 'default';
    await expect(leader.sync.cancel(stopEnsured, operator, signal)).rejects.toMatchObject({ status: 412 });
    await until('active again', () => leader.state.synchronization.phase === 'active');
    expect(source.state.outgoing.has('BBB')).toBe(true);
    expect(b.deployment.front.mode).toBe('readonly');
  });

  it('may leave the source read-only, as a reversal needs it', async () => {
    await inSync();
    await leader.sync.cancel({ ...stopEnsured, source_server_mode: 'readonly' }, operator, signal);
    const source = await a.leader();
    expect(source.state.serverMode.wishedReadOnly).toBe(true);
    expect(a.deployment.front.mode).toBe('readonly');
    await source.outgoing.stopAll({}, operator, signal);
    await until('an operator ends it', () => a.deployment.front.mode === 'default');
  });
});

describe('S8: a source that is held for a reversal', () => {
  const reversal = { source: ['https://b1:8629'], authentication: credentials, reversal: true };

  async function held(): Promise<Master> {
    a.source = b;
    await inSync();
    await leader.sync.cancel({ ...stopEnsured, source_server_mode: 'readonly' }, operator, signal);
    const source = await a.leader();
    expect(source.sync.info('short')).toMatchObject({ held_read_only: true, held_for: 'BBB' });
    return source;
  }

  it('follows the target that stopped', async () => {
    const source = await held();
    await source.configuration.configure(reversal, operator, signal);
    expect(source.state.synchronization.phase).toBe('active');
    expect(source.sync.info('short').held_for).toBeUndefined();
  });

  it('made writable by somebody it stays so, says so, and is not reversed: it has writes that the target lacks', async () => {
    const source = await held();
    a.deployment.front.mode = 'default';
    await until('it is noticed', () => source.state.serverMode.holdBroken);
    await until('nothing holds it any more', () => !source.state.serverMode.held);
    expect(a.deployment.front.mode).toBe('default');
    expect(source.sync.info('short').hold_broken).toContain('was made writable by somebody');
    const refused = { status: 412, message: expect.stringContaining('following it would lose them') };
    await expect(source.configuration.configure(reversal, operator, signal)).rejects.toMatchObject(refused);
    expect(source.state.synchronization.phase).toBe('inactive');
  });

  it('is looked at once more in the moment of the reversal, also of one made by hand', async () => {
    const source = await held();
    a.deployment.front.mode = 'default';
    const { reversal: _, ...byHand } = reversal;
    await expect(source.configuration.configure(byHand, operator, signal)).rejects.toMatchObject({ status: 412 });
    expect(source.state.serverMode.holdBroken).toMatchObject({ targetId: 'BBB' });
    await source.configuration.configure(byHand, operator, signal);
    expect(source.state.synchronization.phase).toBe('active');
  });
});
