import { createHash } from 'node:crypto';
import type { Task, Tasks } from '../domain/tasks/state.ts';
import type { WorkerTask } from '../wire/worker.ts';

/** Tasks in the form and order in which a worker is told of them. */
export interface ToldTasks {
  readonly tasks: readonly WorkerTask[];
  /** Another text for another list. */
  readonly digest: string;
}

/** The tasks of one worker. */
export interface TaskList {
  readonly all: ToldTasks;
  /** Without those that receive: while the source cannot be reached nothing is to be received. */
  readonly sent: ToldTasks;
}

const NONE: TaskList = { all: told([]), sent: told([]) };

/** Every worker's tasks, looked through once per change: polls are many, and tasks can be ten thousands. */
export class TaskLists {
  #tasks: Tasks | undefined;
  #byWorker: ReadonlyMap<string, TaskList> = new Map();

  of(workerId: string, tasks: Tasks): TaskList {
    if (tasks !== this.#tasks) {
      this.#byWorker = listsOf(tasks);
      this.#tasks = tasks;
    }
    return this.#byWorker.get(workerId) ?? NONE;
  }
}

function listsOf(tasks: Tasks): ReadonlyMap<string, TaskList> {
  const byWorker = new Map<string, WorkerTask[]>();
  for (const task of tasks.values()) {
    if (task.workerId === null) continue;
    const list = byWorker.get(task.workerId) ?? [];
    byWorker.set(task.workerId, list);
    list.push(workerTask(task));
  }
  return new Map([...byWorker].map(([workerId, list]) => [workerId, taskList(list)]));
}

function taskList(tasks: WorkerTask[]): TaskList {
  tasks.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { all: told(tasks), sent: told(tasks.filter(({ type }) => type.startsWith('send-'))) };
}

function told(tasks: readonly WorkerTask[]): ToldTasks {
  return { tasks, digest: createHash('sha256').update(JSON.stringify(tasks)).digest('base64url') };
}

function workerTask({ taskId, type, channels, peerId, shard }: Task): WorkerTask {
  return { id: taskId, type, channels, peerId, ...(shard === undefined ? {} : { shard }) };
}
