import type { SourceLimits } from './limits.ts';

/** How soon a log is read again in which nothing was: the sooner, the later something was read. */
export class PollPace {
  readonly #limits: SourceLimits;
  #quickUntil = 0;
  #restsFrom = 0;
  #idleMs = 0;

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  /** Who begins to read follows something that may change soon. */
  begins(now: number): void {
    this.#restsFrom = now + this.#limits.pollRestAfterMs;
  }

  found(now: number): void {
    this.#quickUntil = now + this.#limits.pollQuickForMs;
    this.begins(now);
    this.#idleMs = 0;
  }

  nextMs(now: number): number {
    this.#idleMs = Math.min(this.#mostMs(now), Math.max(this.#limits.pollMinMs, this.#idleMs * 2));
    return this.#idleMs;
  }

  #mostMs(now: number): number {
    const { pollQuickMs, pollMaxMs, pollRestMs } = this.#limits;
    if (now < this.#quickUntil) return pollQuickMs;
    return now < this.#restsFrom ? pollMaxMs : pollRestMs;
  }
}
