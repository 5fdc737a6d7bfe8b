import { describe, expect, it } from 'vitest';
import { cancelRequested, configured, event, identified, shardOn, shardRef, worker } from './examples.ts';
import { given } from './given.ts';

const added = event('ShardsAdded', { shards: [shardOn(0), shardOn(1)] });
const receiving = (index: number) => ({
  ...{ taskId: `t${index}`, type: 'receive-shard' as const, peerId: 'deployment-a' },
  ...shardOn(index),
});
const created = event('TasksCreated', {
  tasks: [receiving(0), receiving(1), { ...receiving(2), type: 'send-shard' }],
});
const assigned = event('TasksAssigned', {
  assignments: ['t0', 't1', 't2'].map((taskId) => ({ taskId, workerId: 'w1', counter: 1 })),
});
const running = [configured, identified, added, worker('w1', 1), created, assigned] as const;
const taken = event('TasksUnassigned', { taskIds: ['t0', 't1', 't2'], reason: 'no poll' });
const left = event('WorkerLeft', { workerId: 'w1', reason: 'no poll' });
const unheard = 'worker w1 left without letting go of it: it no poll';
const suspected = (indexes: readonly number[], reason = 'no answer') =>
  event('ShardsSuspected', { shards: indexes.map((index) => shardRef(index)), reason });

describe('S4: a worker that leaves', () => {
  it('without a word makes all that it received suspect, in one event of the same decision', () => {
    const { control } = given(...running)
      .when({ kind: 'remove-worker', workerId: 'w1', reason: 'no poll' })
      .thenThese(suspected([0, 1], unheard), taken, left);
    expect(control.suspects.get('d/c/0')).toMatchObject({ reason: unheard, position: running.length + 1 });
  });

  it('having signed off leaves nothing in doubt', () => {
    given(...running)
      .when({ kind: 'remove-worker', workerId: 'w1', reason: 'no poll', signedOff: true })
      .thenThese(taken, left);
  });

  it('takes with it what was taken from it and not let go of', () => {
    given(...running)
      .when({ kind: 'remove-worker', workerId: 'w1', reason: 'no poll', mayWrite: [shardRef(7), shardRef(0)] })
      .thenThese(suspected([0, 1, 7], unheard), taken, left);
  });

  it('while all is cancelled, and nobody knows what it had, makes every shard suspect', () => {
    const gone = event('TasksRemoved', { taskIds: ['t0', 't1', 't2'], reason: 'cancelled' });
    given(...running, cancelRequested, gone)
      .when({ kind: 'remove-worker', workerId: 'w1', reason: 'no poll', mayWrite: 'unknown' })
      .thenThese(suspected([0, 1], unheard), left);
  });

  it('for another process at its endpoint is as unheard', () => {
    const { decision } = given(...running).when({
      kind: 'register-worker',
      workerId: 'w2',
      endpoint: 'https://w1:8729',
      mayWrite: new Map([['w1', [shardRef(5)]]]),
    });
    expect(decision.events?.[0]).toMatchObject({
      type: 'ShardsSuspected',
      data: { shards: [shardRef(0), shardRef(1), shardRef(5)] },
    });
    expect(decision.events?.at(-1)?.data).not.toHaveProperty('mayWrite');
  });
});

describe('S4: a task that another leader took away', () => {
  it('makes its shard suspect when it is given on', () => {
    const { decision } = given(...running, taken).when({
      kind: 'assign-tasks',
      dbServers: new Map(),
      notYet: new Set(),
      unclean: new Set(['t1', 't2']),
    });
    expect(decision.events?.map(({ type }) => type)).toEqual(['ShardsSuspected', 'TasksAssigned']);
    expect(decision.events?.[0]?.data).toMatchObject({ shards: [shardRef(1)] });
  });
});

describe('S4: a suspicion', () => {
  const settle = (position: number, how: 'equal' | 'copied' = 'equal') =>
    ({ kind: 'settle-suspicions', settled: [{ shard: shardRef(0), position, how }] }) as const;

  it('is recorded once for a shard that is named twice, and not without a synchronization', () => {
    const command = {
      kind: 'suspect-shards',
      shards: [shardRef(1), shardRef(0), shardRef(1)],
      reason: 'no answer',
    } as const;
    given(...running)
      .when(command)
      .thenThese(suspected([0, 1]));
    given().when(command).thenNothing();
  });

  it('is settled by its own position only: one that was renewed stays', () => {
    const first = running.length + 1;
    const twice = given(...running, suspected([0]), suspected([0], 'again'));
    twice.when(settle(first)).thenNothing();
    const { control } = twice
      .when(settle(first + 1, 'copied'))
      .thenThese(event('SuspicionsSettled', { shards: [shardRef(0)], how: 'copied' }));
    expect(control.suspects.size).toBe(0);
  });

  it('outlives a reset, a removal of the shard, and a new configuration', () => {
    const removed = event('ShardsRemoved', { shards: [shardRef(0)], reason: 'gone' });
    const failed = event('SyncFailed', { code: 'source-replaced', reason: 'another one' });
    const { control } = given(...running, suspected([0]), removed, failed, { ...configured });
    expect(control.suspects.has('d/c/0')).toBe(true);
  });

  it('ends with a stop that waited it out, and not with one that did not', () => {
    const stop = (data: object) => event('SyncStopped', { aborted: true, reason: 'aborted', ...data });
    const cancelling = [...running, suspected([0]), cancelRequested];
    expect(given(...cancelling, stop({})).control.suspects.size).toBe(0);
    expect(given(...cancelling, stop({ unsettledShards: 1 })).control.suspects.size).toBe(1);
  });
});
