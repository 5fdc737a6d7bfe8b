import { ApiError } from '../../wire/api-error.ts';
import type { MasterInfo } from '../../wire/cluster-members.ts';
import type { TaskInfo } from '../../wire/task-info.ts';
import type { Core } from '../reconcile/core.ts';
import { queueRoutes } from '../views/queue-routes.ts';
import { taskInfo } from '../views/task-info.ts';

/** Masters and tasks as the log has them: every master answers. */
export class MemberService {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  masters(): MasterInfo[] {
    const { masters, leadership } = this.#core.control.state;
    return [...masters.values()]
      .map(({ masterId, endpoint }) => ({ id: masterId, endpoint, leader: leadership.leader?.masterId === masterId }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /**
   * All masters, usable from outside. Never empty: a client that adopts an empty list can never call again. We answer, so
   * we belong to it even while the log has not registered us yet.
   */
  publicEndpoints(): string[] {
    const { control, settings } = this.#core;
    const endpoints = [...control.state.masters.values()].flatMap(({ publicEndpoints }) => publicEndpoints);
    return [...new Set([...endpoints, ...settings.publicEndpoints])];
  }

  /** The leader, inside the datacenter; empty in the moment of a change. */
  leaderEndpoints(): string[] {
    const { leader } = this.#core.control.state.leadership;
    return leader === null ? [] : [leader.endpoint];
  }

  tasks(): TaskInfo[] {
    return this.#sorted().map(taskInfo);
  }

  task(taskId: string): TaskInfo {
    const task = this.#core.control.state.tasks.get(taskId);
    if (task === undefined) throw new ApiError(404, `no task ${taskId}`);
    return taskInfo(task);
  }

  tasksOfChannel(channel: string): TaskInfo[] {
    return this.#sorted()
      .filter(({ channels }) => channels.data === channel || channels.control === channel)
      .map(taskInfo);
  }

  /** Whether any task uses the channel. */
  isRelevant(channel: string): boolean {
    return this.tasksOfChannel(channel).length > 0;
  }

  /** Which worker holds each channel of a target, for the queue's door. */
  queueRoutes(targetId: string): ReturnType<typeof queueRoutes> {
    return queueRoutes(this.#core.control.state, targetId);
  }

  #sorted() {
    return [...this.#core.control.state.tasks.values()].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
  }
}
