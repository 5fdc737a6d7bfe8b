import { describe, expect, it } from 'vitest';
import type { AssignTasks } from '../../src/domain/tasks/assign.ts';
import { cancelRequested, configured, event, identified, registered, shardOn, shardRef, worker } from './examples.ts';
import { given } from './given.ts';

const reconcile = { kind: 'reconcile-tasks' } as const;
const assign: AssignTasks = { kind: 'assign-tasks', dbServers: new Map(), notYet: new Set() };
const added = event('ShardsAdded', { shards: [shardOn(0)] });
const inventoryTask = {
  taskId: 'id1',
  type: 'receive-inventory',
  peerId: 'deployment-a',
  channels: { data: 'inventory1' },
} as const;
const shardTask = { taskId: 'id2', type: 'receive-shard', peerId: 'deployment-a', ...shardOn(0) } as const;

describe('the wanted tasks', () => {
  it('of a target are one for the inventory and one per shard, once the source is known', () => {
    given(configured).when(reconcile).thenNothing();
    given(configured, identified, added)
      .when(reconcile)
      .thenThese(event('TasksCreated', { tasks: [inventoryTask, shardTask] }));
  });

  it('of a source are the same for every target', () => {
    const shards = event('OutgoingShardsAdded', { targetId: 'deployment-b', version: '1', shards: [shardOn(0)] });
    given(registered, shards)
      .when(reconcile)
      .thenThese(
        event('TasksCreated', {
          tasks: [
            { taskId: 'id1', type: 'send-inventory', peerId: 'deployment-b', channels: { data: 'inventory-b' } },
            { taskId: 'id2', type: 'send-shard', peerId: 'deployment-b', ...shardOn(0) },
          ],
        }),
      );
  });

  it('are created once', () => {
    given(configured, identified, added, event('TasksCreated', { tasks: [inventoryTask, shardTask] }))
      .when(reconcile)
      .thenNothing();
  });

  const existing = event('TasksCreated', { tasks: [inventoryTask, shardTask] });
  const removed = (...taskIds: string[]) => event('TasksRemoved', { taskIds, reason: 'no longer wanted' });

  it('end with their shard', () => {
    const gone = event('ShardsRemoved', { shards: [shardRef(0)], reason: 'dropped' });
    given(configured, identified, added, existing, gone).when(reconcile).thenThese(removed('id2'));
  });

  it.each([
    ['a cancellation', cancelRequested],
    ['a failure (S1)', event('SyncFailed', { code: 'source-replaced', reason: 'x' })],
  ])('all end with %s', (_, end) => {
    const { control } = given(configured, identified, added, existing, end)
      .when(reconcile)
      .thenThese(removed('id1', 'id2'));
    expect(control.tasks.size).toBe(0);
  });

  it('of a target that stopped end', () => {
    const task = {
      taskId: 's1',
      type: 'send-inventory',
      peerId: 'deployment-b',
      channels: { data: 'inventory-b' },
    } as const;
    const stopped = event('OutgoingStopped', { targetId: 'deployment-b', reason: 'x' });
    given(registered, event('TasksCreated', { tasks: [task] }), stopped)
      .when(reconcile)
      .thenThese(removed('s1'));
  });

  it('go on when their credentials are replaced or an epoch begins', () => {
    const { source, ...keys } = {
      source: ['https://a1:8629'],
      credentialId: 'c2',
      fingerprint: 'k2',
      caFingerprint: 'ca2',
    };
    given(
      configured,
      identified,
      added,
      existing,
      event('SyncCredentialsReplaced', { source, ...keys }),
      event('EpochBegan', { epoch: 'e2', reason: 'x' }),
    )
      .when(reconcile)
      .thenNothing();
  });
});

describe('assigning tasks', () => {
  const tasksOf = (count: number, first = 0) =>
    event('TasksCreated', {
      tasks: Array.from({ length: count }, (_, index) => ({
        taskId: `t${first + index}`,
        type: 'send-shard' as const,
        peerId: 'deployment-b',
        ...shardOn(first + index),
      })),
    });
  const assignment = (taskId: string, workerId: string, counter = 1) => ({ taskId, workerId, counter });

  it('waits while there is no worker', () => {
    given(tasksOf(2)).when(assign).thenNothing();
  });

  it('shares them evenly', () => {
    const { control } = given(worker('w1', 1), worker('w2', 2), tasksOf(2))
      .when(assign)
      .thenThese(event('TasksAssigned', { assignments: [assignment('t0', 'w1'), assignment('t1', 'w2')] }));
    expect(control.tasks.get('t0')).toMatchObject({ workerId: 'w1', counter: 1, assignedAt: expect.any(String) });
  });

  it('changes nothing once all have a worker', () => {
    const assigned = event('TasksAssigned', { assignments: [assignment('t0', 'w1'), assignment('t1', 'w2')] });
    given(worker('w1', 1), worker('w2', 2), tasksOf(2), assigned).when(assign).thenNothing();
  });

  it('takes tasks from one who has too many first, and gives them on by the next decision', () => {
    const all = event('TasksAssigned', { assignments: ['t0', 't1', 't2', 't3'].map((id) => assignment(id, 'w1')) });
    const moved = event('TasksUnassigned', { taskIds: ['t2', 't3'], reason: 'moves to a worker with less' });
    const before = [worker('w1', 1), tasksOf(4), all, worker('w2', 2)];
    given(...before)
      .when(assign)
      .thenThese(moved);
    given(...before, moved)
      .when(assign)
      .thenThese(event('TasksAssigned', { assignments: [assignment('t2', 'w2', 2), assignment('t3', 'w2', 2)] }));
  });

  it('S12: keeps a task back while its last worker may still run it', () => {
    const notYet = new Set(['t0']);
    given(worker('w1', 1), worker('w2', 2), tasksOf(2))
      .when({ ...assign, notYet })
      .thenThese(event('TasksAssigned', { assignments: [assignment('t1', 'w1')] }));
  });

  it('takes tasks from workers that are not registered any more', () => {
    const lost = event('TasksAssigned', { assignments: [assignment('t0', 'w9')] });
    given(worker('w1', 1), tasksOf(1), lost)
      .when(assign)
      .thenThese(event('TasksUnassigned', { taskIds: ['t0'], reason: 'its worker has left' }));
  });

  it('gives shards to the worker that is near their DB-Server', () => {
    const dbServers = new Map([0, 1, 2, 3].map((index) => [`t${index}`, index % 2 === 0 ? 'PRMR-a' : 'PRMR-b']));
    const { control } = given(worker('w1', 1, 'PRMR-b'), worker('w2', 2, 'PRMR-a'), tasksOf(4))
      .when({ ...assign, dbServers })
      .thenThese(
        event('TasksAssigned', {
          assignments: [assignment('t0', 'w2'), assignment('t2', 'w2'), assignment('t1', 'w1'), assignment('t3', 'w1')],
        }),
      );
    expect(control.tasks.get('t1')?.workerId).toBe('w1');
  });

  it('keeps the shards of one DB-Server together where no worker is near', () => {
    const dbServers = new Map([0, 1, 2, 3].map((index) => [`t${index}`, index % 2 === 0 ? 'PRMR-a' : 'PRMR-b']));
    const { control } = given(worker('w1', 1), worker('w2', 2), tasksOf(4))
      .when({ ...assign, dbServers })
      .thenThese(
        event('TasksAssigned', {
          assignments: [assignment('t0', 'w1'), assignment('t2', 'w1'), assignment('t1', 'w2'), assignment('t3', 'w2')],
        }),
      );
    expect(control.tasks.get('t3')?.workerId).toBe('w2');
  });

  it('moves rather what a joining worker is near to', () => {
    const dbServers = new Map([0, 1].map((index) => [`t${index}`, index === 0 ? 'PRMR-a' : 'PRMR-b']));
    const both = event('TasksAssigned', { assignments: [assignment('t0', 'w1'), assignment('t1', 'w1')] });
    given(worker('w1', 1), tasksOf(2), both, worker('w2', 2, 'PRMR-a'))
      .when({ ...assign, dbServers })
      .thenThese(event('TasksUnassigned', { taskIds: ['t0'], reason: 'moves to a worker with less' }));
  });
});
