import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/domain/settings/throttle.ts';
import type { Task } from '../../src/domain/tasks/state.ts';
import { TaskLists } from '../../src/master/task-lists.ts';
import { shareOf, sharersOf } from '../../src/master/throttle-shares.ts';
import { instructionsFor } from '../../src/master/worker-instructions.ts';
import { type ControlState, initialControlState } from '../../src/projections/control-state.ts';

function task(taskId: string, type: Task['type'], workerId: string | null): Task {
  const shard = { database: 'd', collection: 'c', shardIndex: Number(taskId) };
  return { taskId, type, workerId, peerId: 'peer', channels: { data: `data${taskId}` }, shard, counter: 1 } as Task;
}

const tasksOf = (...tasks: Task[]) => new Map(tasks.map((each) => [each.taskId, each]));

const throttle = {
  ...unlimited,
  sourceRead: { bytesPerSecond: 1_000_001, operationsPerSecond: null },
  targetWrite: { bytesPerSecond: null, operationsPerSecond: 300 },
};

describe('the part of a worker in the limits of its datacenter', () => {
  it('is equal among those that have such tasks, and never more than all of it together', () => {
    const sharers = sharersOf(
      tasksOf(
        task('1', 'send-shard', 'a'),
        task('2', 'send-shard', 'a'),
        task('3', 'send-shard', 'b'),
        task('4', 'send-shard', 'c'),
        task('5', 'receive-shard', 'b'),
        task('6', 'send-shard', null),
        task('7', 'send-inventory', 'd'),
      ),
    );
    expect(sharers).toEqual({ sourceRead: 3, link: 3, targetWrite: 1 });
    expect(shareOf(throttle, sharers)).toEqual({
      sourceRead: { bytesPerS: 333_333 },
      targetWrite: { operationsPerS: 300 },
    });
  });

  it('is nothing while there are no limits', () => {
    expect(shareOf(unlimited, { sourceRead: 1, link: 1, targetWrite: 1 })).toBeUndefined();
  });

  it('is told again when another worker shares it, to a worker whose own tasks stay', () => {
    const lists = new TaskLists();
    const told = (tasks: ControlState['tasks']) => {
      const state = { ...initialControlState, tasks, settings: { ...initialControlState.settings, throttle } };
      return instructionsFor(lists.of('a', tasks), state, 'deployment', undefined);
    };
    const alone = told(tasksOf(task('1', 'send-shard', 'a')));
    const shared = told(tasksOf(task('1', 'send-shard', 'a'), task('2', 'send-shard', 'b')));
    expect(alone.throttle?.sourceRead).toEqual({ bytesPerS: 1_000_001 });
    expect(shared.throttle?.sourceRead).toEqual({ bytesPerS: 500_000 });
    expect(shared.version).not.toBe(alone.version);
    expect(told(tasksOf(task('1', 'send-shard', 'a'))).version).toBe(alone.version);
  });
});
