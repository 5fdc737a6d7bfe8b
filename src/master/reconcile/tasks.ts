import type { Core } from './core.ts';
import type { TargetModeReconciler } from './target-mode.ts';

/** DB-Servers that lead shards, by shard key, as far as known. */
export interface Placement {
  /** Looks the shards up when it does not know them; cheap when nothing changed. */
  dbServers(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

/** Creates and removes tasks until they are those that are wanted, and gives them to workers. */
export class TaskReconciler {
  readonly #core: Core;
  readonly #mode: TargetModeReconciler;
  readonly #placement: Placement;

  constructor(core: Core, mode: TargetModeReconciler, placement: Placement) {
    this.#core = core;
    this.#mode = mode;
    this.#placement = placement;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { control, desk, memory } = this.#core;
    if (this.#mayChangeTasks()) await desk.internal({ kind: 'reconcile-tasks' }, 'tasks', signal);
    const dbServers = await this.#placement.dbServers(signal);
    const command = { kind: 'assign-tasks', dbServers, notYet: this.#notYet() } as const;
    await desk.internal(command, 'assignment', signal);
    memory.telemetry.keepOnly(control.state.tasks);
  }

  /** Receive tasks begin when the target is read-only; the others can wait for that moment. */
  #mayChangeTasks(): boolean {
    const { phase, configuration, identity } = this.#core.control.state.synchronization;
    if (phase !== 'active' || configuration === null || identity === null) return true;
    return this.#mode.isEstablished(configuration.epoch);
  }

  /** Tasks whose last worker may still run them (S12). */
  #notYet(): ReadonlySet<string> {
    const { control, memory, ports, settings } = this.#core;
    const running = memory.ledger.mayRunAnywhere();
    if (memory.leadingForMs(ports.clock.monotonicMs()) >= settings.times.workerLeaseMs) return running;
    const assignedBefore = [...control.state.tasks.values()].filter(({ counter }) => counter > 0);
    return new Set([...running, ...assignedBefore.map(({ taskId }) => taskId)]);
  }
}
