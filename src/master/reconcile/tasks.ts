import { heldBackBy } from '../../domain/synchronization/receiving.ts';
import { shardKey } from '../../events/types/parts.ts';
import type { ControlState } from '../../projections/control-state.ts';
import type { Core } from './core.ts';
import type { TargetModeReconciler } from './target-mode.ts';

/** DB-Servers of ours that lead the shards of tasks, by task, as far as known. */
export interface Placement {
  /** Looks the shards up when it does not know them; cheap when nothing changed. */
  dbServers(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

/** Creates and removes tasks until they are those that are wanted, and gives them to workers. */
export class TaskReconciler {
  readonly #core: Core;
  readonly #mode: TargetModeReconciler;
  readonly #placement: Placement;
  /** What the last decisions were made from; states are never changed in place. */
  #reconciled: readonly unknown[] = [];
  #assigned: readonly unknown[] = [];
  /** Tasks that were free when this leader began, though a worker had had them, and the term in which that was. */
  #inherited: { readonly term: number; readonly taskIds: Set<string> } = { term: -1, taskIds: new Set() };
  /** Shards of receive tasks that were removed while a worker may have run them. */
  readonly #leaving = new Map<string, string>();

  constructor(core: Core, mode: TargetModeReconciler, placement: Placement) {
    this.#core = core;
    this.#mode = mode;
    this.#placement = placement;
  }

  async step(signal: AbortSignal): Promise<void> {
    this.#inherit();
    await this.#reconcile(signal);
    await this.#assign(signal);
    const { control, memory } = this.#core;
    memory.telemetry.keepOnly(control.state.tasks);
    memory.received.keepOnly(control.state.tasks, memory.ledger.mayRunAnywhere());
  }

  /** Decided again only when something that it follows from is another: with many shards it is not cheap. */
  async #reconcile(signal: AbortSignal): Promise<void> {
    const { control, desk } = this.#core;
    if (!this.#mayChangeTasks()) return;
    const inputs = () => {
      const { synchronization, shards, outgoing, tasks } = control.state;
      const targets = [...outgoing.values()].flatMap((target) => [
        ...[target.targetId, target.inventoryChannel, target.shardsVersion],
      ]);
      // Not the shards themselves: their states change all the time, and make no task.
      return [synchronization, heldBackBy(synchronization, outgoing), shards.version, tasks, ...targets];
    };
    if (isSame(this.#reconciled, inputs())) return;
    const before = receivedShards(control.state);
    await desk.internal({ kind: 'reconcile-tasks' }, 'tasks', signal);
    for (const [taskId, key] of before) if (!control.state.tasks.has(taskId)) this.#leaving.set(taskId, key);
    this.#reconciled = inputs();
  }

  async #assign(signal: AbortSignal): Promise<void> {
    const { control, desk } = this.#core;
    const inputs = () => [control.state.tasks, control.state.workers];
    const isWaiting = [...control.state.tasks.values()].some(({ workerId }) => workerId === null);
    if (!isWaiting && isSame(this.#assigned, inputs())) return;
    const dbServers = await this.#placement.dbServers(signal);
    const unclean = this.#inherited.taskIds;
    const command = { kind: 'assign-tasks', dbServers, notYet: this.#notYet(), unclean } as const;
    await desk.internal(command, 'assignment', signal);
    this.#assigned = inputs();
    for (const taskId of unclean) {
      if ((control.state.tasks.get(taskId)?.workerId ?? null) !== null) unclean.delete(taskId);
    }
  }

  /**
   * A task that the leader before took from a worker, and had not given on: only that leader knew whether it was let go
   * of. The shard is suspect when it is given on, unless it is already (S4).
   */
  #inherit(): void {
    const { leadership, suspects, tasks } = this.#core.control.state;
    if (this.#inherited.term === leadership.term) return;
    const free = [...tasks.values()].filter(({ workerId, counter }) => workerId === null && counter > 0);
    const unclean = free.filter(({ shard }) => shard === undefined || !suspects.has(shardKey(shard)));
    this.#inherited = { term: leadership.term, taskIds: new Set(unclean.map(({ taskId }) => taskId)) };
  }

  /** Receive tasks begin when the target is read-only; the others can wait for that moment. */
  #mayChangeTasks(): boolean {
    const { phase, configuration, identity } = this.#core.control.state.synchronization;
    if (phase !== 'active' || configuration === null || identity === null) return true;
    return this.#mode.sight(configuration.epoch) === 'read-only';
  }

  /**
   * Tasks whose last worker may still run them (S12), and those that receive a shard which may still be written under an
   * earlier task: a reset, or a collection made anew, gives a shard another task, and one shard has one writer (S17). What
   * was given out before it led, a new leader does not know, for the log may have lost it (S18): it waits until every lease
   * of then has ended, and whoever lives on by an answer of its own has done what that says.
   */
  #notYet(): ReadonlySet<string> {
    const { control, memory, ports, settings } = this.#core;
    const { leadership, tasks } = control.state;
    const running = memory.ledger.mayRunAnywhere();
    for (const taskId of this.#leaving.keys()) if (!running.has(taskId)) this.#leaving.delete(taskId);
    const leaving = new Set(this.#leaving.values());
    const written = [...receivedShards(control.state)].filter(([, key]) => leaving.has(key)).map(([taskId]) => taskId);
    const notYet = new Set([...running, ...written]);
    const othersLedBefore = leadership.term > 1;
    const isOver = memory.leadingForMs(ports.clock.monotonicMs()) >= settings.times.workerLeaseMs;
    if (isOver && !memory.ledger.hasStranger) return notYet;
    for (const { taskId, counter } of tasks.values()) if (counter > 0 || othersLedBefore) notYet.add(taskId);
    return notYet;
  }
}

/** The shard of each task that receives one. */
function receivedShards({ tasks }: ControlState): ReadonlyMap<string, string> {
  return new Map(
    [...tasks.values()].flatMap(({ taskId, type, shard }) =>
      type === 'receive-shard' && shard !== undefined ? [[taskId, shardKey(shard)]] : [],
    ),
  );
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  return before.length === now.length && before.every((value, index) => value === now[index]);
}
