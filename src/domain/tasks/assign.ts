import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { byText } from '../collections.ts';
import { type Decision, decided } from '../decision.ts';
import { suspected } from '../suspects/decide.ts';
import type { Worker, Workers } from '../workers/state.ts';
import { evenQuotas, type Quotas } from './quotas.ts';
import type { Task, Tasks } from './state.ts';

export interface AssignTasks {
  readonly kind: 'assign-tasks';
  /** DB-Server of ours that leads the shard of a task, by task, as far as known: its worker should be near it. */
  readonly dbServers: ReadonlyMap<string, string>;
  /** Tasks that must wait, because their last worker may still run them (S12). */
  readonly notYet: ReadonlySet<string>;
  /** Tasks of which nobody knows whether their last worker let go of them cleanly (S4); default: none. */
  readonly unclean?: ReadonlySet<string>;
}

/**
 * Gives every task without a worker to one, evenly, also within each type of task, and takes tasks from workers that
 * have more than their share. What was taken is given on by the next decision, so that the leader can make sure in
 * between that it was let go. Nothing else moves.
 */
export function assignTasks(tasks: Tasks, workers: Workers, command: AssignTasks): Decision {
  const staying = [...workers.byId.values()].filter(({ leaving }) => !leaving);
  const byId = staying.sort((a, b) => byText(a.workerId, b.workerId));
  if (byId.length === 0) return decided();
  const sorted = [...tasks.values()].sort((a, b) => byText(a.taskId, b.taskId));
  const round = new Round(sorted, byId, command);
  return decided(...round.takeSurplus(), ...round.giveOut());
}

/** One decision in the making. Keeps: a worker's room of a type is its quota less what it keeps or has been given. */
class Round {
  private readonly tasks: readonly Task[];
  private readonly workers: readonly Worker[];
  private readonly command: AssignTasks;
  private readonly quotas: Quotas;
  /** `worker → type → count`. */
  private readonly counts = new Map<string, Map<string, number>>();
  /** Shards of a DB-Server that a worker sends, and so reads the log of: `worker → server → count`. */
  private readonly servers = new Map<string, Map<string, number>>();

  constructor(tasks: readonly Task[], workers: readonly Worker[], command: AssignTasks) {
    this.tasks = tasks;
    this.workers = workers;
    this.command = command;
    for (const { workerId } of workers) {
      this.counts.set(workerId, new Map());
      this.servers.set(workerId, new Map());
    }
    for (const task of tasks) if (task.workerId !== null) this.add(task, task.workerId, 1);
    this.quotas = this.evenQuotas();
  }

  takeSurplus(): readonly NewEvent[] {
    const gone = this.tasks.filter(({ workerId }) => workerId !== null && !this.counts.has(workerId));
    const surplus = this.workers.flatMap((worker) => this.surplusOf(worker));
    for (const task of surplus) this.add(task, task.workerId ?? '', -1);
    const ids = (list: readonly Task[]) => list.map(({ taskId }) => taskId).sort(byText);
    const events: NewEvent[] = [];
    if (gone.length > 0) {
      events.push({ type: 'TasksUnassigned', data: { taskIds: ids(gone), reason: 'its worker has left' } });
    }
    if (surplus.length > 0) {
      events.push({ type: 'TasksUnassigned', data: { taskIds: ids(surplus), reason: 'moves to a worker with less' } });
    }
    return events;
  }

  giveOut(): readonly NewEvent[] {
    const waiting = this.tasks
      .filter(({ workerId, taskId }) => workerId === null && !this.command.notYet.has(taskId))
      .sort((a, b) => byText(this.serverOf(a) ?? '', this.serverOf(b) ?? '') || byText(a.taskId, b.taskId));
    const hasNear = (task: Task) => this.workers.some((worker) => this.isNear(worker, task));
    const [near, others] = [waiting.filter(hasNear), waiting.filter((task) => !hasNear(task))];
    const assignments = [...near, ...others].flatMap((task) => this.give(task));
    if (assignments.length === 0) return [];
    return [...this.suspicionsOf(assignments), { type: 'TasksAssigned', data: { assignments } }];
  }

  private suspicionsOf(assignments: EventData<'TasksAssigned'>['assignments']): readonly NewEvent[] {
    const given = new Set(assignments.map(({ taskId }) => taskId));
    const shards = this.tasks.flatMap(({ taskId, type, shard }) => {
      const isUnclean = given.has(taskId) && this.command.unclean?.has(taskId) === true;
      return isUnclean && type === 'receive-shard' && shard !== undefined ? [shard] : [];
    });
    return suspected(
      shards,
      'it was taken from a worker under another leader, and nobody knows whether that let go of it',
    );
  }

  private evenQuotas(): Quotas {
    const counts = new Map<string, number>();
    for (const { type } of this.tasks) counts.set(type, (counts.get(type) ?? 0) + 1);
    const ids = this.workers.map(({ workerId }) => workerId);
    const types = new Map([...counts].sort(([a], [b]) => byText(a, b)));
    return evenQuotas(types, ids, (type, workerId) => this.count(type, workerId));
  }

  /** What is over the quota: first what a worker with room is near to, then what its own worker is not near to. */
  private surplusOf(worker: Worker): readonly Task[] {
    return [...this.quotas.keys()].flatMap((type) => {
      const surplus = -this.room(type, worker.workerId);
      if (surplus <= 0) return [];
      const held = this.tasks.filter((task) => task.workerId === worker.workerId && task.type === type);
      const rank = (task: Task) => {
        if (this.isNear(worker, task)) return 2;
        return this.workers.some((other) => this.isNear(other, task) && this.room(type, other.workerId) > 0) ? 0 : 1;
      };
      return held.sort((a, b) => rank(a) - rank(b) || byText(b.taskId, a.taskId)).slice(0, surplus);
    });
  }

  private give(task: Task): readonly EventData<'TasksAssigned'>['assignments'][number][] {
    const withRoom = this.workers.filter(({ workerId }) => this.room(task.type, workerId) > 0);
    const [best] = withRoom.sort((a, b) => this.preference(b, task) - this.preference(a, task));
    if (best === undefined) return [];
    this.add(task, best.workerId, 1);
    return [{ taskId: task.taskId, workerId: best.workerId, counter: task.counter + 1 }];
  }

  /** Near the shard's DB-Server first, then with the one who reads that server's log already, then with who has most room. */
  private preference(worker: Worker, task: Task): number {
    const server = this.serverOf(task);
    const reads =
      task.type === 'send-shard' && server !== undefined && (this.servers.get(worker.workerId)?.get(server) ?? 0) > 0;
    const room = this.room(task.type, worker.workerId) / (this.tasks.length + 1);
    return (this.isNear(worker, task) ? 4 : 0) + (reads ? 2 : 0) + room;
  }

  private isNear(worker: Worker, task: Task): boolean {
    const server = this.serverOf(task);
    return server !== undefined && worker.dbServerAffinity === server;
  }

  private serverOf(task: Task): string | undefined {
    return this.command.dbServers.get(task.taskId);
  }

  private room(type: string, workerId: string): number {
    return (this.quotas.get(type)?.get(workerId) ?? 0) - this.count(type, workerId);
  }

  private count(type: string, workerId: string): number {
    return this.counts.get(workerId)?.get(type) ?? 0;
  }

  private add(task: Task, workerId: string, by: number): void {
    addTo(this.counts.get(workerId), task.type, by);
    if (task.type === 'send-shard') addTo(this.servers.get(workerId), this.serverOf(task), by);
  }
}

function addTo(counts: Map<string, number> | undefined, key: string | undefined, by: number): void {
  if (counts !== undefined && key !== undefined) counts.set(key, (counts.get(key) ?? 0) + by);
}
