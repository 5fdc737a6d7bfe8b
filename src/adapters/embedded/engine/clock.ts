import { compareRevisions, parseRevision, printRevision, type Revision } from './revision.ts';

/** A clock value further ahead than this is not adopted: the clock could not be turned back (reference 7.5). */
const AHEAD_MAX_MS = 24 * 60 * 60 * 1000;

/** 2^32 / 2^20: milliseconds per unit of a revision's upper half. */
const MS_PER_HIGH = 4096;
const COUNTER = 0x10_0000;

/**
 * The hybrid logical clock that makes revisions (reference 5.8.4): strictly rising, at least wall time, at least
 * everything adopted. The first revision of a millisecond has the counter 0.
 */
export class HybridClock {
  readonly #now: () => number;
  #high = 0;
  #low = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get high(): number {
    return this.#high;
  }

  get low(): number {
    return this.#low;
  }

  /** Moves on to the next revision; read it from {@link high} and {@link low}. */
  tick(): void {
    const ms = Math.floor(this.#now());
    const high = Math.floor(ms / MS_PER_HIGH) | 0;
    const low = ((ms % MS_PER_HIGH) * COUNTER) | 0;
    if (compareRevisions(high, low, this.#high, this.#low) > 0) {
      this.#high = high;
      this.#low = low;
      return;
    }
    this.#low = (this.#low + 1) | 0;
    if (this.#low === 0) this.#high = (this.#high + 1) | 0;
  }

  next(): string {
    this.tick();
    return printRevision(this.#high, this.#low);
  }

  /** Moves forward to a received value. Rubbish and values far in the future are ignored. */
  adopt(text: string): void {
    const received: Revision = parseRevision(text);
    if (Math.floor(this.#now()) + AHEAD_MAX_MS < (received.high >>> 0) * MS_PER_HIGH) return;
    if (compareRevisions(received.high, received.low, this.#high, this.#low) <= 0) return;
    this.#high = received.high;
    this.#low = received.low;
  }
}
