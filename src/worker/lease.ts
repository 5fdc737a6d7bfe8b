import type { Clock } from './clock.ts';

/**
 * How long this worker may run its tasks without hearing from the leader. Counted from before the request that renewed
 * it was sent, so that it never outlasts the leader's own count (S12).
 */
export class Lease {
  readonly #clock: Clock;
  readonly #durationMs: number;
  #endsMs: number;

  constructor(clock: Clock, durationMs: number, askedMs: number) {
    this.#clock = clock;
    this.#durationMs = durationMs;
    this.#endsMs = askedMs + durationMs;
  }

  get durationMs(): number {
    return this.#durationMs;
  }

  renew(askedMs: number): void {
    this.#endsMs = Math.max(this.#endsMs, askedMs + this.#durationMs);
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsMs - this.#clock.monotonicMs());
  }

  /** Resolves when the lease has ended, or with the signal. */
  async ended(signal: AbortSignal): Promise<void> {
    while (this.remainingMs > 0 && !signal.aborted) await this.#clock.sleep(this.remainingMs, signal);
  }
}
