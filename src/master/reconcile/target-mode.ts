import { readMode, setMode } from '../server-mode.ts';
import type { Core } from './core.ts';

/** After the mode was set, servers of a cluster follow one by one for some moments (reference 2.2). */
const settleMs = 5_000;

/**
 * Keeps the target read-only while a synchronization is active (S9). A target that is seen writable after data may have
 * come into it has its own writes by now: the epoch ends, and checkpoints of before mean nothing (S3).
 */
export class TargetModeReconciler {
  readonly #core: Core;
  #setAtMs = -Infinity;
  #establishedEpoch: string | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether the target was seen read-only under this epoch: before that no task may write. */
  isEstablished(epoch: string): boolean {
    return this.#establishedEpoch === epoch;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { phase, configuration } = this.#core.control.state.synchronization;
    if (phase !== 'active' || configuration === null) {
      this.#establishedEpoch = undefined;
      return;
    }
    const { front } = this.#core.ports.deployment;
    if ((await readMode(front, signal)) === 'readonly') {
      this.#establish(configuration.epoch);
      return;
    }
    if (this.#nowMs() - this.#setAtMs < settleMs) return;
    await this.#endEpoch(signal);
    this.#core.desk.assertLeads();
    await setMode(front, 'readonly', signal);
    this.#setAtMs = this.#nowMs();
    this.#core.ports.logger.info('made the target read-only');
  }

  /** Receive tasks exist only once the target was read-only: without them nothing can have been written yet. */
  async #endEpoch(signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const mayHaveData = [...control.state.tasks.values()].some(({ type }) => type.startsWith('receive-'));
    if (!mayHaveData) return;
    this.#establishedEpoch = undefined;
    const reason = 'the target was seen writable while the synchronization was active';
    ports.logger.warn(`${reason}: every shard is compared again`);
    await desk.internal({ kind: 'begin-epoch', reason }, 'target mode', signal);
  }

  #establish(epoch: string): void {
    if (this.#establishedEpoch === epoch) return;
    this.#establishedEpoch = epoch;
    // The tasks of the synchronization have waited for it.
    this.#core.control.touch();
  }

  #nowMs(): number {
    return this.#core.ports.clock.monotonicMs();
  }
}
