import type { MayWrite } from '../domain/suspects/hand-over.ts';
import type { ShardRef } from '../events/types/parts.ts';
import type { WorkerTask } from '../wire/worker.ts';
import type { Core } from './reconcile/core.ts';

/** The shard of each receive task that this leader told a worker of: also of tasks that are gone from the log. */
export class ReceivedShards {
  readonly #byTask = new Map<string, ShardRef>();

  told(tasks: readonly WorkerTask[]): void {
    for (const { id, type, shard } of tasks) {
      if (type === 'receive-shard' && shard !== undefined) this.#byTask.set(id, shard);
    }
  }

  of(taskIds: Iterable<string>): readonly ShardRef[] {
    return [...taskIds].flatMap((taskId) => this.#byTask.get(taskId) ?? []);
  }

  /** Forgets tasks that are gone and that nobody may run any more. */
  keepOnly(...holders: readonly { has(taskId: string): boolean }[]): void {
    for (const taskId of this.#byTask.keys()) {
      if (!holders.some((holder) => holder.has(taskId))) this.#byTask.delete(taskId);
    }
  }

  clear(): void {
    this.#byTask.clear();
  }
}

/** What a worker that is about to lose its tasks unheard may be writing beside them (S4). */
export function mayWrite({ control, memory }: Pick<Core, 'control' | 'memory'>, workerId: string): MayWrite {
  const isUnknown = memory.ledger.hasUnknown([workerId]);
  if (isUnknown && control.state.synchronization.phase === 'cancelling') return 'unknown';
  return memory.received.of(memory.ledger.mayRun(workerId));
}
