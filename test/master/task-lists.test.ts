import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task, Tasks } from '../../src/domain/tasks/state.ts';
import { TaskLists } from '../../src/master/task-lists.ts';

const anyTask = fc.record({
  taskId: fc.string({ minLength: 1 }),
  type: fc.constantFrom('send-shard', 'receive-shard', 'send-inventory', 'receive-inventory'),
  workerId: fc.constantFrom(null, 'w1', 'w2'),
});

function tasksOf(list: readonly Pick<Task, 'taskId' | 'type' | 'workerId'>[]): Tasks {
  const rest = { peerId: 'peer', channels: { data: 'data' }, createdAt: '', assignedAt: null, counter: 1 };
  return new Map(list.map((task) => [task.taskId, { ...task, ...rest }]));
}

describe('the tasks of a worker', () => {
  it('are those that it holds, whatever order they came in, with a digest that tells lists apart', () => {
    const lists = new TaskLists();
    const property = (all: readonly Pick<Task, 'taskId' | 'type' | 'workerId'>[]) => {
      const tasks = tasksOf(all);
      for (const workerId of ['w1', 'w2', 'nobody']) {
        const held = [...tasks.values()].filter((task) => task.workerId === workerId).map(({ taskId }) => taskId);
        const { all: told, sent } = lists.of(workerId, tasks);
        expect(told.tasks.map(({ id }) => id)).toEqual(held.toSorted((a, b) => (a < b ? -1 : 1)));
        expect(sent.tasks).toEqual(told.tasks.filter(({ type }) => type.startsWith('send-')));
        const reversed = new Map([...tasks].reverse());
        expect(new TaskLists().of(workerId, reversed)).toEqual(lists.of(workerId, tasks));
      }
      const [one, two] = [lists.of('w1', tasks).all, lists.of('w2', tasks).all];
      expect(one.digest === two.digest).toBe(one.tasks.length === 0 && two.tasks.length === 0);
    };
    fc.assert(fc.property(fc.uniqueArray(anyTask, { selector: ({ taskId }) => taskId }), property));
  });

  it('are looked through once as long as they are the same', () => {
    const lists = new TaskLists();
    const tasks = tasksOf([{ taskId: 'a', type: 'send-shard', workerId: 'w1' }]);
    expect(lists.of('w1', tasks)).toBe(lists.of('w1', tasks));
    expect(lists.of('w1', new Map(tasks))).not.toBe(lists.of('w1', tasks));
  });
});
