import { describe, expect, it } from 'vitest';
import type { Task } from '../../../src/domain/tasks/state.ts';
import { taskInfo } from '../../../src/master/views/task-info.ts';
import { TaskInfo } from '../../../src/wire/task-info.ts';

function task(overrides: Partial<Task>): Task {
  return {
    taskId: 't',
    type: 'send-shard',
    channels: { data: 'd', control: 'c' },
    peerId: 'P',
    shard: { database: '_system', collection: '_queues', shardIndex: 0 },
    workerId: null,
    assignedAt: null,
    counter: 0,
    ...overrides,
  } as Task;
}

describe('a task as operators see it', () => {
  it('names the collection that a receive task fills, and the source’s name on a send task', () => {
    expect(taskInfo(task({ type: 'receive-shard' })).task.collection).toBe('_queuesbackup');
    expect(taskInfo(task({ type: 'send-shard' })).task).toMatchObject({ collection: '_queues', target_id: 'P' });
  });

  it('says that only tasks of the inventory are persistent, and leaves times out that are not known', () => {
    const { shard: _shard, ...rest } = task({ type: 'send-inventory', channels: { data: 'd' } });
    const inventory = taskInfo(rest as Task);
    expect(inventory).toEqual({
      id: 't',
      task: { type: 'send-inventory', persistent: true, channels: { data: 'd' }, target_id: 'P' },
      assignment: { worker_id: '', counter: 0 },
    });
    expect(TaskInfo.parse(inventory)).toEqual(inventory);
    expect(taskInfo(task({ type: 'receive-shard' })).task.persistent).toBe(false);
  });
});
