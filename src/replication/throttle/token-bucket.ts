/** What an idle bucket gathers: so many milliseconds of its rate, and no more. */
export const BURST_MS = 250;

/**
 * A rate as a balance: it grows with time up to {@link BURST_MS} of the rate, and what passes is taken from it. Who wants to
 * pass waits until there is no debt, and may then make one: so whatever is larger than any burst passes as well, and is
 * paid for afterwards. In any span of time no more passes than the rate allows, one burst, and the last that passed.
 * Pure: the time is told, in ms; a clock that goes back or leaps costs or gives no more than a burst.
 */
export class TokenBucket {
  #perMs: number;
  #balance: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perMs = perSecond / 1_000;
    this.#balance = this.#burst;
    this.#at = now;
  }

  /** Milliseconds until the debt is paid; 0 while there is none. */
  waitMs(now: number): number {
    this.#grow(now);
    return this.#balance >= 0 ? 0 : Math.ceil(-this.#balance / this.#perMs);
  }

  /** What passes; a negative amount is given back. */
  take(amount: number, now: number): void {
    this.#grow(now);
    this.#balance = Math.min(this.#burst, this.#balance - amount);
  }

  /** The debt stays and is paid at the new rate. */
  setRate(perSecond: number, now: number): void {
    this.#grow(now);
    this.#perMs = perSecond / 1_000;
    this.#balance = Math.min(this.#burst, this.#balance);
  }

  /** How long the rate takes for so much. */
  msOf(amount: number): number {
    return amount / this.#perMs;
  }

  get #burst(): number {
    return this.#perMs * BURST_MS;
  }

  #grow(now: number): void {
    const passedMs = Math.max(0, now - this.#at);
    this.#at = now;
    this.#balance = Math.min(this.#burst, this.#balance + passedMs * this.#perMs);
  }
}
