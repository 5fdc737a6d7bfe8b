import type { SourceLimits } from './limits.ts';

/** How soon a log is read again in which nothing was: sooner after something was read. */
export class PollPace {
  readonly #limits: SourceLimits;
  #quickUntil = 0;
  #idleMs = 0;

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  found(now: number): void {
    this.#quickUntil = now + this.#limits.pollQuickForMs;
    this.#idleMs = 0;
  }

  nextMs(now: number): number {
    const { pollQuickMs, pollMaxMs, pollMinMs } = this.#limits;
    const most = now < this.#quickUntil ? pollQuickMs : pollMaxMs;
    this.#idleMs = Math.min(most, Math.max(pollMinMs, this.#idleMs * 2));
    return this.#idleMs;
  }
}
