import type { Tasks } from '../../domain/tasks/state.ts';
import type { Workers } from '../../domain/workers/state.ts';
import type { EventData } from '../../events/vocabulary.ts';
import { type EventRule, must, type Violation } from './rule.ts';

/** A task has at most one worker, which is registered, and its counter counts every time it was given (S4, S12). */
export const taskRules: EventRule = ({ tasks, workers }, event) => {
  switch (event.type) {
    case 'TasksCreated':
      return event.data.tasks.flatMap(({ taskId }) =>
        must(!tasks.has(taskId), 'task-created-once', `task ${taskId} was there already`),
      );
    case 'TasksAssigned':
      return [
        ...event.data.assignments.flatMap((assignment) => assignmentViolations(tasks, workers, assignment)),
        ...repeated(event.data.assignments.map(({ taskId }) => taskId)).map((taskId) => ({
          rule: 'one-owner-per-task',
          detail: `task ${taskId} was given twice in one event`,
        })),
      ];
    case 'TasksUnassigned':
      return event.data.taskIds.flatMap((taskId) =>
        must((tasks.get(taskId)?.workerId ?? null) !== null, 'unassigned-was-assigned', `task ${taskId} had no worker`),
      );
    case 'TasksRemoved':
      return event.data.taskIds.flatMap((taskId) =>
        must(tasks.has(taskId), 'task-known', `task ${taskId} is not known`),
      );
    default:
      return [];
  }
};

function assignmentViolations(
  tasks: Tasks,
  workers: Workers,
  { taskId, workerId, counter }: EventData<'TasksAssigned'>['assignments'][number],
): readonly Violation[] {
  const task = tasks.get(taskId);
  if (task === undefined) return [{ rule: 'task-known', detail: `task ${taskId} is not known` }];
  return [
    ...must(
      task.workerId === null,
      'one-owner-per-task',
      `task ${taskId} went to ${workerId} while ${task.workerId} had it`,
    ),
    ...must(
      counter === task.counter + 1,
      'counter-counts',
      `task ${taskId} was given the ${counter}. time, after ${task.counter} times`,
    ),
    ...must(
      workers.byId.has(workerId),
      'owner-registered',
      `task ${taskId} went to ${workerId}, which is not registered`,
    ),
    ...must(
      workers.byId.get(workerId)?.leaving !== true,
      'owner-stays',
      `task ${taskId} went to ${workerId}, which is about to end`,
    ),
  ];
}

function repeated(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.size === seen.add(id).size);
}
