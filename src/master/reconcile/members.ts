import type { SeenLease } from '../../domain/leadership/lease.ts';
import { presenceName } from '../membership.ts';
import { mayWrite } from '../received-shards.ts';
import type { Core } from './core.ts';

/** Lets workers and masters go that were silent for longer than their lease. */
export class MemberReconciler {
  readonly #core: Core;
  /** Each master's presence document as it was last seen. */
  readonly #seen = new Map<string, SeenLease>();

  constructor(core: Core) {
    this.#core = core;
  }

  async step(signal: AbortSignal): Promise<void> {
    await this.#expireWorkers(signal);
    await this.#watchMasters(signal);
  }

  async #expireWorkers(signal: AbortSignal): Promise<void> {
    const { control, desk, memory, ports, settings } = this.#core;
    const { workerLeaseMs } = settings.times;
    const expired = (ids: Iterable<string>) => memory.workers.expired(ids, workerLeaseMs, ports.clock.monotonicMs());
    for (const workerId of expired(control.state.workers.byId.keys())) {
      // Each removal takes its time: who was heard of meanwhile has a lease again, and perhaps tasks.
      if (expired([workerId]).length === 0) continue;
      const reason = `did not ask for its tasks for ${workerLeaseMs / 1000} s`;
      const removal = () =>
        ({ kind: 'remove-worker', workerId, reason, mayWrite: mayWrite(this.#core, workerId) }) as const;
      await desk.internal(removal, 'worker expiry', signal);
      if (expired([workerId]).length > 0) memory.ledger.forget(workerId);
      ports.logger.warn(`worker ${workerId} is gone: it ${reason}`);
    }
    // A worker that was removed while it lived stops by itself when its lease ends.
    const removed = memory.ledger.workerIds().filter((workerId) => !control.state.workers.byId.has(workerId));
    for (const workerId of expired(removed)) memory.ledger.forget(workerId);
  }

  async #watchMasters(signal: AbortSignal): Promise<void> {
    const { control, desk, memory, ports, settings } = this.#core;
    const others = [...control.state.masters.keys()].filter((id) => id !== settings.masterId);
    const nowMs = () => ports.clock.monotonicMs();
    for (const id of others) this.#note(id, await ports.leases.read(presenceName(id), signal), nowMs());
    for (const masterId of memory.masters.expired(others, settings.times.masterLeaseMs, nowMs())) {
      const reason = `showed no sign of life for ${settings.times.masterLeaseMs / 1000} s`;
      await desk.internal({ kind: 'remove-master', masterId, reason }, 'master expiry', signal);
      const presence = this.#seen.get(masterId);
      if (presence !== undefined) await ports.leases.release(presence, signal);
      this.#seen.delete(masterId);
      ports.logger.warn(`master ${masterId} is gone: it ${reason}`);
    }
  }

  #note(masterId: string, presence: SeenLease | undefined, nowMs: number): void {
    if (presence === undefined || presence.revision === this.#seen.get(masterId)?.revision) return;
    this.#seen.set(masterId, presence);
    this.#core.memory.masters.heard(masterId, nowMs);
  }
}
