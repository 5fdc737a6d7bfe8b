import type { SourceBarrier } from './source-barrier.ts';
import type { Settlement } from './suspect-comparison.ts';

/** Only a comparison that finds nothing shows that both sides are equal: what is found so often is looked for less often. */
const AT_ONCE_MAX = 3;
const COMPARE_AGAIN_MS = 30_000;

/**
 * Whether a shard without comparable trees was found equal behind a barrier of the source (S8). As long as that holds
 * nothing is written there: so a comparison that begins behind it sees what the source ends with.
 */
export class BarrierComparison {
  #barrier: SourceBarrier | undefined;
  #begunBehind: string | undefined;
  #equalBehind: string | undefined;
  #asked = 0;
  #askedAt = -Infinity;

  /** Undefined: there is none. */
  follow(barrier: SourceBarrier | undefined): void {
    if (barrier?.epoch !== this.#barrier?.epoch) {
      this.#equalBehind = undefined;
      this.#asked = 0;
    }
    this.#barrier = barrier;
  }

  /** The barrier behind which the shard is to be compared, when there is one and it was not yet. */
  get wanted(): SourceBarrier | undefined {
    return this.#equalBehind === undefined ? this.#barrier : undefined;
  }

  /** Epoch of the barrier behind which nothing differed. */
  get equalBehind(): string | undefined {
    return this.#equalBehind;
  }

  /** True when a comparison is to be begun now. */
  isDue(now: number): boolean {
    if (this.wanted === undefined) return false;
    if (this.#asked >= AT_ONCE_MAX && now - this.#askedAt < COMPARE_AGAIN_MS) return false;
    this.#asked += 1;
    this.#askedAt = now;
    return true;
  }

  /** The source is about to be looked at. */
  begins(): void {
    this.#begunBehind = this.#barrier?.epoch;
  }

  ends(how: Settlement): void {
    const isBehind = this.#begunBehind !== undefined && this.#begunBehind === this.#barrier?.epoch;
    this.#equalBehind = isBehind && how === 'equal' ? this.#barrier?.epoch : undefined;
  }
}
