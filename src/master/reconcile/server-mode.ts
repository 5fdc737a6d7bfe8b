import { wantedMode } from '../../domain/server-mode/state.ts';
import { readMode } from '../server-mode.ts';
import type { BarrierReconciler } from './barriers.ts';
import type { Core } from './core.ts';

/**
 * Keeps the deployment's mode as the log wants it (S9), where no incoming synchronization is active or being cancelled:
 * those look after the mode themselves, because it is part of what they promise.
 */
export class ServerModeReconciler {
  readonly #core: Core;
  readonly #barriers: BarrierReconciler;

  constructor(core: Core, barriers: BarrierReconciler) {
    this.#core = core;
    this.#barriers = barriers;
  }

  async step(signal: AbortSignal): Promise<void> {
    if (this.#wanted() === undefined) return;
    await this.#core.modeTurns.take(() => this.#keep(signal), signal);
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { control, desk, ports, modeTurns } = this.#core;
    const wanted = this.#wanted();
    if (wanted === undefined) return;
    const { front } = ports.deployment;
    if ((await readMode(front, signal)) !== wanted) {
      // Whoever made it writable may have written: that has to be known before it cannot be seen any more.
      if (wanted === 'readonly') await this.#barriers.liftBroken(signal);
      // A hold has ended: then it is not for us to close what somebody opened.
      if (this.#wanted() !== wanted) return control.touch();
      desk.assertLeads();
      await modeTurns.set(front, wanted, signal);
      ports.logger.info(`made this deployment ${wanted === 'readonly' ? 'read-only' : 'writable'}`);
      control.touch();
    }
    // Until then it is ours to look after.
    if (modeTurns.isUncertain) return;
    if (wanted === 'default' && (await readMode(front, signal)) === 'default') {
      await desk.internal({ kind: 'note-mode-restored' }, 'server mode', signal);
    }
  }

  #wanted() {
    const { serverMode, synchronization, outgoing } = this.#core.control.state;
    const { phase } = synchronization;
    if (phase === 'active' || phase === 'cancelling') return undefined;
    return wantedMode(serverMode, synchronization, outgoing);
  }
}
