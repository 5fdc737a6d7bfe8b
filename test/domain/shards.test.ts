import { describe, expect, it } from 'vitest';
import { overallStatus } from '../../src/domain/shards/overall-status.ts';
import type { ReportedShard, ReportShards } from '../../src/domain/shards/report.ts';
import { shardKey } from '../../src/events/types/parts.ts';
import { cancelRequested, configured, event, identified, registered, shardOn, shardRef, worker } from './examples.ts';
import { given } from './given.ts';

const added = event('ShardsAdded', { shards: [shardOn(0), shardOn(1)] });
const receiveTasks = event('TasksCreated', {
  tasks: [0, 1].map((index) => ({
    taskId: `r${index}`,
    type: 'receive-shard' as const,
    peerId: 'deployment-a',
    ...shardOn(index),
  })),
});
const receiving = [
  configured,
  identified,
  added,
  worker('w1', 1),
  receiveTasks,
  event('TasksAssigned', { assignments: ['r0', 'r1'].map((taskId) => ({ taskId, workerId: 'w1', counter: 1 })) }),
];
const running = { status: 'running', statusMessage: '12 operations', way: 'copy', reason: 'first copy' } as const;
const change = (index: number, values: object) => ({ shard: shardRef(index), message: '', ...values });

function reportOf(workerId: string, ...shards: readonly ReportedShard[]): ReportShards {
  return { kind: 'report-shards', workerId, shards };
}

describe('reports of shards', () => {
  it('become one event with all real transitions', () => {
    const { control } = given(...receiving)
      .when(
        reportOf(
          'w1',
          { taskId: 'r1', shard: shardRef(1), ...running },
          { taskId: 'r0', shard: shardRef(0), ...running },
        ),
      )
      .thenThese(
        event('ShardStatesChanged', {
          changes: [0, 1].map((index) => ({
            shard: shardRef(index),
            status: 'running' as const,
            message: '',
            way: 'copy' as const,
            reason: 'first copy',
          })),
        }),
      );
    expect(control.shards.byKey.get(shardKey(shardRef(0)))).toMatchObject({ status: 'running', way: 'copy' });
  });

  const known = event('ShardStatesChanged', {
    changes: [{ shard: shardRef(0), status: 'running', message: '', way: 'copy', reason: 'first copy' }],
  });

  it('are no events when nothing but telemetry changed', () => {
    given(...receiving, known)
      .when(
        reportOf('w1', {
          taskId: 'r0',
          shard: shardRef(0),
          ...running,
          statusMessage: '99 operations',
        }),
      )
      .thenNothing();
  });

  it('record another way, and its reason', () => {
    const { decision } = given(...receiving, known).when(
      reportOf('w1', { taskId: 'r0', shard: shardRef(0), ...running, way: 'tail', reason: 'checkpoint' }),
    );
    expect(decision.events).toMatchObject([
      { data: { changes: [change(0, { status: 'running', way: 'tail', reason: 'checkpoint' })] } },
    ]);
  });

  it('keep the message of a failure, which names what is wrong', () => {
    const failure = { ...running, status: 'failed', statusMessage: 'document d/c/k is too large' } as const;
    const { decision } = given(...receiving, known).when(
      reportOf('w1', { taskId: 'r0', shard: shardRef(0), ...failure }),
    );
    expect(decision.events).toMatchObject([
      { data: { changes: [{ status: 'failed', message: 'document d/c/k is too large' }] } },
    ]);
  });

  it('count the last word on a shard that a report names twice', () => {
    given(...receiving, known)
      .when(
        reportOf(
          'w1',
          { taskId: 'r0', shard: shardRef(0), ...running, status: 'initial-sync' },
          { taskId: 'r0', shard: shardRef(0), ...running },
        ),
      )
      .thenNothing();
  });

  it('of a worker that does not hold the task are overlooked', () => {
    given(...receiving)
      .when(reportOf('w2', { taskId: 'r0', shard: shardRef(0), ...running }))
      .thenNothing();
    given(...receiving)
      .when(reportOf('w1', { taskId: 'gone', shard: shardRef(0), ...running }))
      .thenNothing();
    given(...receiving)
      .when(reportOf('w1', { taskId: 'r0', shard: shardRef(1), ...running }))
      .thenNothing();
  });

  it('of senders are told apart from those of receivers, by target', () => {
    const sending = [
      registered,
      event('OutgoingShardsAdded', { targetId: 'deployment-b', version: '7', shards: [shardOn(0)] }),
      event('TasksCreated', { tasks: [{ taskId: 's0', type: 'send-shard', peerId: 'deployment-b', ...shardOn(0) }] }),
      event('TasksAssigned', { assignments: [{ taskId: 's0', workerId: 'w1', counter: 1 }] }),
    ];
    const report = reportOf(
      'w1',
      { taskId: 's0', shard: shardRef(0), ...running, way: 'tail', reason: '' },
      { taskId: 'r0', shard: shardRef(0), ...running },
    );
    const after = given(...receiving, ...sending).when(report);
    expect(after.decision.events).toMatchObject([
      { type: 'ShardStatesChanged', data: { changes: [{ way: 'copy' }] } },
      { type: 'ShardStatesChanged', data: { targetId: 'deployment-b', changes: [{ way: 'tail' }] } },
    ]);
    const { outgoing, shards } = after.control();
    const key = shardKey(shardRef(0));
    expect(outgoing.get('deployment-b')?.shards.get(key)).toMatchObject({ status: 'running', way: 'tail' });
    expect(shards.byKey.get(key)).toMatchObject({ status: 'running', way: 'copy' });
  });
});

describe('resetting shards', () => {
  const reset = { kind: 'reset-shards', database: 'd', collection: 'c' } as const;

  it('begins one shard anew, on new channels', () => {
    const failed = event('ShardStatesChanged', {
      changes: [{ shard: shardRef(1), status: 'failed', message: 'too large', way: 'copy', reason: 'x' }],
    });
    const channels = { data: 'channel1', control: 'channel2' };
    const { control } = given(...receiving, failed)
      .when({ ...reset, shardIndex: 1 })
      .thenThese(event('ShardResetRequested', { shards: [{ shard: shardRef(1), channels }] }));
    expect(control.shards.byKey.get(shardKey(shardRef(1)))).toMatchObject({
      status: 'initializing',
      message: '',
      way: 'none',
      channels,
    });
  });

  it('begins all shards of a collection anew when none is named', () => {
    const { decision } = given(...receiving).when(reset);
    expect(decision.events).toMatchObject([{ data: { shards: [{ shard: shardRef(0) }, { shard: shardRef(1) }] } }]);
  });

  it('gives the reset shard other tasks', () => {
    const after = given(...receiving)
      .when({ ...reset, shardIndex: 1 })
      .control();
    const events = given(
      ...receiving,
      event('ShardResetRequested', {
        shards: [{ shard: shardRef(1), channels: { data: 'channel1', control: 'channel2' } }],
      }),
    ).when({ kind: 'reconcile-tasks' }).decision.events;
    expect(after.shards.byKey.size).toBe(2);
    expect(events).toMatchObject([
      { type: 'TasksRemoved', data: { taskIds: ['r1'] } },
      {
        type: 'TasksCreated',
        data: { tasks: [{ type: 'receive-inventory' }, { shard: shardRef(1), channels: { data: 'channel1' } }] },
      },
    ]);
  });

  it('is refused for shards that are not there, and while nothing is active', () => {
    given(...receiving)
      .when({ ...reset, shardIndex: 2 })
      .thenRefused(404, 'unknown-shard');
    given(...receiving)
      .when({ ...reset, collection: 'x' })
      .thenRefused(404, 'unknown-shard');
    given(...receiving, cancelRequested)
      .when(reset)
      .thenRefused(412, 'not-active');
  });
});

describe('the overall status', () => {
  it.each([
    [['running', 'running'], 'running'],
    [['running', 'initial-sync'], 'initial-sync'],
    [['initial-sync', 'initializing', 'running'], 'initializing'],
    [['running', 'failed', 'initializing'], 'failed'],
    [[], 'running'],
  ] as const)('of %j is %s', (statuses, wanted) => {
    expect(overallStatus(statuses)).toBe(wanted);
  });
});
