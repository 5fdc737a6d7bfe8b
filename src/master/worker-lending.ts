import { ClusterTokens } from './cluster-tokens.ts';
import type { Core } from './reconcile/core.ts';

/** While a renewal is late, it is looked at again after this time. */
const lendAgainMs = 50;

/** What a leader lends to workers with its answers: a lease, and a token for the database that ends with it. */
export class WorkerLending {
  readonly #core: Core;
  readonly #tokens: ClusterTokens;

  constructor(core: Core) {
    this.#core = core;
    const { deployment, clusterTokens, clock } = core.ports;
    this.#tokens = new ClusterTokens(deployment.front, clusterTokens, clock, core.settings.times.workerLeaseMs);
  }

  /** A token for the database that ends with a lease that begins now. */
  token(signal: AbortSignal): Promise<string> {
    return this.#tokens.forOneLease(signal);
  }

  /** An answer is a lease for its worker, from when it asked. Throws 503 when the own lease ends before it is renewed (S12). */
  async untilMayLend(signal: AbortSignal): Promise<void> {
    const { desk, ports } = this.#core;
    while (!desk.mayLend()) {
      desk.assertLeads();
      await ports.clock.sleep(lendAgainMs, signal);
      signal.throwIfAborted();
    }
  }

  /** Before anything is answered: what a leader of another term knew of workers is not known any more. */
  enterTerm(): void {
    const { control, desk, memory, ports } = this.#core;
    const nowMs = ports.clock.monotonicMs();
    memory.enterTerm(control.state, nowMs, desk.lendsAloneSinceMs(nowMs));
  }
}
