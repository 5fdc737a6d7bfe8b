import type { SeenLease } from '../../domain/leadership/lease.ts';
import { presenceName } from '../membership.ts';
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
    const nowMs = ports.clock.monotonicMs();
    const known = control.state.workers.byId;
    for (const workerId of memory.workers.expired(known.keys(), workerLeaseMs, nowMs)) {
      const reason = `did not ask for its tasks for ${workerLeaseMs / 1000} s`;
      await desk.internal({ kind: 'remove-worker', workerId, reason }, 'worker expiry', signal);
      memory.ledger.forget(workerId);
      ports.logger.warn(`worker ${workerId} is gone: it ${reason}`);
    }
    // A worker that was removed while it lived stops by itself when its lease ends.
    const removed = memory.ledger.workerIds().filter((workerId) => !known.has(workerId));
    for (const workerId of memory.workers.expired(removed, workerLeaseMs, nowMs)) memory.ledger.forget(workerId);
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
