import { BackOff } from '../../../worker/back-off.ts';
import type { Clock } from '../../../worker/clock.ts';
import { RETRY_FIRST_MS, RETRY_LONGEST_MS } from './limits.ts';

/**
 * Repeats that back off and end: a time limit on how long failures go on without a success between them. What counts
 * is the time since the first failure: before it, there may have been nothing to do for long.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #giveUpMs: number;
  readonly #backOff = new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS);
  #failingSinceMs: number | undefined;

  constructor(clock: Clock, giveUpMs: number) {
    this.#clock = clock;
    this.#giveUpMs = giveUpMs;
  }

  succeeded(): void {
    this.#failingSinceMs = undefined;
    this.#backOff.reset();
  }

  /** Pauses before the next attempt; throws `error` when it has been failing for too long. */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#failingSinceMs ??= nowMs;
    if (nowMs - this.#failingSinceMs > this.#giveUpMs) throw error;
    await this.#clock.sleep(this.#backOff.next(), signal);
  }
}
