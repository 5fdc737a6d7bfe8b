/** Pauses between attempts: doubling from `firstMs` to `longestMs`, each cut by up to half at random so that peers spread. */
export class BackOff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;
  #nextMs: number;

  constructor(firstMs: number, longestMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
    this.#nextMs = firstMs;
  }

  next(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(this.#longestMs, ms * 2);
    return ms * (1 - this.#random() / 2);
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
