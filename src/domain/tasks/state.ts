import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { withEntries, withoutKeys } from '../collections.ts';
import type { Occurrence } from '../decision.ts';

type NewTask = EventData<'TasksCreated'>['tasks'][number];

export interface Task extends NewTask {
  readonly createdAt: string;
  /** Null while no worker has it. */
  readonly workerId: string | null;
  /** When its worker got it; null while no worker has it. */
  readonly assignedAt: string | null;
  /** How often it was assigned. */
  readonly counter: number;
}

/** Tasks by id. */
export type Tasks = ReadonlyMap<string, Task>;

export const initialTasks: Tasks = new Map();

export function evolveTasks(state: Tasks, event: KnownEvent, { at }: Occurrence): Tasks {
  switch (event.type) {
    case 'TasksCreated':
      return withEntries(
        state,
        event.data.tasks.map((task) => [
          task.taskId,
          { ...task, createdAt: at, workerId: null, assignedAt: null, counter: 0 },
        ]),
      );
    case 'TasksAssigned':
      return withEntries(
        state,
        event.data.assignments.flatMap(({ taskId, workerId, counter }) =>
          change(state, taskId, { workerId, counter, assignedAt: at }),
        ),
      );
    case 'TasksUnassigned':
      return withEntries(
        state,
        event.data.taskIds.flatMap((taskId) => change(state, taskId, { workerId: null, assignedAt: null })),
      );
    case 'TasksRemoved':
      return withoutKeys(state, event.data.taskIds);
    default:
      return state;
  }
}

function change(state: Tasks, taskId: string, changes: Partial<Task>): readonly (readonly [string, Task])[] {
  const task = state.get(taskId);
  return task === undefined ? [] : [[taskId, { ...task, ...changes }]];
}
