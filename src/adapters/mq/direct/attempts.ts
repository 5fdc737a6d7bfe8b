import { BackOff } from '../../../worker/back-off.ts';
import type { Clock } from '../../../worker/clock.ts';
import { RETRY_FIRST_MS, RETRY_LONGEST_MS } from './limits.ts';

/** Repeats that back off and end: a time limit on how long nothing has succeeded. */
export class Attempts {
  readonly #clock: Clock;
  readonly #giveUpMs: number;
  readonly #backOff = new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS);
  #succeededMs: number;

  constructor(clock: Clock, giveUpMs: number) {
    this.#clock = clock;
    this.#giveUpMs = giveUpMs;
    this.#succeededMs = clock.monotonicMs();
  }

  succeeded(): void {
    this.#succeededMs = this.#clock.monotonicMs();
    this.#backOff.reset();
  }

  /** Pauses before the next attempt; throws `error` when nothing has succeeded for too long. */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (this.#clock.monotonicMs() - this.#succeededMs > this.#giveUpMs) throw error;
    await this.#clock.sleep(this.#backOff.next(), signal);
  }
}
