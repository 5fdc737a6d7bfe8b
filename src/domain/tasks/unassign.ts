import type { NewEvent } from '../../events/vocabulary.ts';
import { byText } from '../collections.ts';
import type { Tasks } from './state.ts';

/** Takes all tasks from one worker; no event when it has none. */
export function unassignTasksOf(tasks: Tasks, workerId: string, reason: string): readonly NewEvent[] {
  const taskIds = [...tasks.values()]
    .filter((task) => task.workerId === workerId)
    .map((task) => task.taskId)
    .sort(byText);
  return taskIds.length === 0 ? [] : [{ type: 'TasksUnassigned', data: { taskIds, reason } }];
}
