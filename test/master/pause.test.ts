import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Master } from '../../src/master/master.ts';
import type { ShardRef } from '../../src/wire/shards.ts';
import { type Datacenter, operator } from './support/datacenter.ts';
import type { FakeWorker } from './support/fake-worker.ts';
import { type FollowingPair, openFollowing, request } from './support/following.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const shard: ShardRef = { database: 'd', collection: 'c', shardIndex: 0 };
const HOUR_NS = 3_600_000_000_000;

let pair: FollowingPair;
let a: Datacenter;
let b: Datacenter;
let leader: Master;
let workers: readonly FakeWorker[];

beforeEach(async () => {
  pair = await openFollowing(shard);
  ({ a, b, leader, workers } = pair);
  await storeCheckpoint();
});

afterEach(() => pair.stop());

/** As a worker of the target leaves it: the shard is applied up to tick 90 of the source's server. */
async function storeCheckpoint(tick = '90'): Promise<void> {
  const { front } = b.deployment;
  const document = {
    _key: 'shard-1-0',
    kind: 'shard',
    owner: 'wb',
    ...shard,
    epoch: leader.state.synchronization.configuration?.epoch,
    sourceDeployment: 'AAA',
    dbServer: 'server-of-AAA',
    serverId: '7',
    cuid: 'c1',
    targetCollectionId: '1',
    tick,
    forkRevision: '',
    witnesses: [],
  };
  const query = { overwriteMode: 'replace' };
  await front.json({ method: 'POST', path: '/_api/document/_sync_checkpoints', query, body: document });
}

const receiving = () => [...leader.state.tasks.values()].filter(({ type }) => type.startsWith('receive-'));
const logState = () => leader.sync.info('short').paused?.log.state;
const pause = (keepLog?: number) =>
  leader.sync.pause(keepLog === undefined ? {} : { keep_log: keepLog }, operator, signal);

it('ends what is received, and leaves the target read-only and following', async () => {
  await pause();
  await until('no receive task', () => receiving().length === 0);
  await until('the worker has let go', () => workers[1]?.instructions?.incoming === undefined);
  const info = leader.sync.info('full');
  expect(info).toMatchObject({ status: 'initializing', paused: { since: expect.any(String) } });
  expect(info.status_message).toContain('resume sync');
  expect(info.shards).toMatchObject([{ status: 'inactive', status_message: 'paused' }]);
  expect(b.deployment.front.mode).toBe('readonly');
  expect((await a.leader()).state.outgoing.has('BBB')).toBe(true);
});

it('S7: has the source keep its log from the durable position before workers let go, and tells until when', async () => {
  await pause(2 * HOUR_NS);
  expect([...a.deployment.front.trackedTicks.values()]).toEqual(['90']);
  expect(logState()).toBe('kept');
  const { since = '', log } = leader.sync.info('short').paused ?? {};
  expect(Math.abs(Date.parse(log?.until ?? '') - Date.parse(since) - 7_200_000)).toBeLessThan(5_000);
  const atSource = (await a.leader()).sync.info('short').outgoing?.[0];
  expect(atSource).toMatchObject({ paused: { log: { state: 'kept', until: log?.until } } });
});

it('tells the source again where it stands once workers have stored that and let go', async () => {
  await pause();
  await until('the worker has let go', () => workers[1]?.instructions?.incoming === undefined);
  const [kept] = [...(await a.leader()).state.outgoing.values()].map((target) => target.pause?.positions);
  expect(kept).toEqual([{ dbServer: 'server-of-AAA', serverId: '7', tick: '90' }]);
  await leader.sync.resume(operator, signal);
  await until('it receives', () => receiving().length === 2 && workers[1]?.instructions?.incoming !== undefined);
  // A worker that is silent has let go when its lease has ended; until then it may store a last position.
  await workers[1]?.die();
  await pause();
  await storeCheckpoint('95');
  await until('the newer one is kept', () => [...a.deployment.front.trackedTicks.values()].includes('95'));
});

it('goes on with the same channels when resumed, and the source hears of it', async () => {
  const before = leader.state.shards.byKey;
  await pause();
  await until('no receive task', () => receiving().length === 0);
  await leader.sync.resume(operator, signal);
  await until('tasks again', () => receiving().length === 2);
  expect([...leader.state.shards.byKey.values()][0]?.channels).toEqual([...before.values()][0]?.channels);
  const source = await a.leader();
  await until('the source knows', () => source.state.outgoing.get('BBB')?.pause === null);
  expect(leader.sync.info('short').paused).toBeUndefined();
});

it('stays when another master takes over on either side', async () => {
  await pause();
  await b.startMaster('b2');
  await a.startMaster('a2');
  await Promise.all([leader.stop(), (await a.leader()).stop()]);
  leader = await b.leader();
  expect(leader.id).toBe('b2');
  await until('the next leader knows of the log', () => logState() === 'kept');
  expect(receiving()).toEqual([]);
  expect(a.deployment.front.trackedTicks.size).toBe(1);
});

it('says that it is unknown whether a source which does not answer keeps its log', async () => {
  a.answersTargets = false;
  await pause();
  await until('no receive task', () => receiving().length === 0);
  expect(logState()).toBe('unknown');
  a.answersTargets = true;
  await until('the source is told when it is back', () => logState() === 'kept');
});

it('S7: gives the log up when its time is over, with an event, and says so on both sides', async () => {
  await pause(0);
  const source = await a.leader();
  await until('given up', () => typeof source.state.outgoing.get('BBB')?.pause?.released === 'string');
  await until('the target hears of it', () => logState() === 'released');
  expect(leader.sync.info('short').paused?.log.message).toContain('the time is over');
});

it('says so when the server has pruned its log, or was replaced', async () => {
  a.deployment.front.firstTick = 95;
  await pause();
  await until('the target hears of it', () => logState() === 'released');
  expect(leader.sync.info('short').paused?.log.message).toContain('does not reach back to tick 90');
});

it('S3: begins a new epoch when the target is seen writable while it has paused', async () => {
  await pause();
  await until('no receive task', () => receiving().length === 0);
  const epoch = leader.state.synchronization.configuration?.epoch;
  b.deployment.front.mode = 'default';
  await until('another epoch', () => leader.state.synchronization.configuration?.epoch !== epoch);
  await until('read-only again', () => b.deployment.front.mode === 'readonly');
});

it('refuses a barrier and a stop behind one, naming the way out; a stop as it is works', async () => {
  await pause();
  await expect(leader.barrier.set(operator, signal)).rejects.toThrow(/resume sync.*--ensure-in-sync=false/);
  const ensured = leader.sync.cancel({ ensure_in_sync: true, wait_timeout: 1e9 }, operator, signal);
  await expect(ensured).rejects.toMatchObject({ status: 412 });
  expect(await leader.sync.cancel({ wait_timeout: 20e9 }, operator, signal)).toMatchObject({ cancelling: false });
  expect(b.deployment.front.mode).toBe('default');
  expect((await a.leader()).state.outgoing.size).toBe(0);
});

it('is refused while a barrier holds', async () => {
  await leader.barrier.set(operator, signal);
  await expect(pause()).rejects.toThrow('a barrier holds');
  expect(leader.state.synchronization.paused).toBeNull();
});

it('lasts through the same configuration given again', async () => {
  await pause();
  await leader.configuration.configure(request, operator, signal);
  expect(leader.state.synchronization.paused).not.toBeNull();
});

it('S12: a registration that lands after the stop does not bring the target back', async () => {
  const source = await a.leader();
  const target = source.state.outgoing.get('BBB');
  const { position = 0 } = leader.state.synchronization.configuration ?? {};
  const caller = { kind: 'certificate', name: 'CN=target', fingerprint: target?.fingerprint ?? '' } as const;
  const late = {
    id: 'BBB',
    target: [...(target?.endpoints ?? [])],
    channels: { inventory: target?.inventoryChannel ?? '' },
    asOf: target?.asOf ?? 0,
    epoch: position,
  };
  await leader.sync.cancel({ wait_timeout: 20e9 }, operator, signal);
  await expect(source.outgoing.register(late, caller, signal)).rejects.toThrow(
    /synchronization \d+ of target BBB has ended/,
  );
  expect(source.state.outgoing.size).toBe(0);
  await leader.configuration.configure(request, operator, signal);
  await until('the next one registers', () => source.state.outgoing.has('BBB'));
});
