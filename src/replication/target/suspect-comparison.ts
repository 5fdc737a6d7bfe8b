import type { ShardReport } from '../../wire/worker.ts';

/** A comparison that brought nothing is asked for again after this. */
const COMPARE_AGAIN_MS = 30_000;

/** What a comparison came to: nothing differed, what differed was moved, or all was copied. */
export type Settlement = NonNullable<ShardReport['settled']>['how'];

/** When a suspect shard is to be compared with the source, and whether it was (S4). */
export class SuspectComparison {
  /** The suspicion that is to be looked into: the quiet time is over, what landed late has landed. */
  #suspicion: number | undefined;
  #settled: ShardReport['settled'];
  #askedAt = -Infinity;

  get suspicion(): number | undefined {
    return this.#suspicion;
  }

  get settled(): ShardReport['settled'] {
    return this.#settled;
  }

  /** Undefined: there is none, or it is early. */
  lookInto(suspicion: number | undefined): void {
    if (suspicion === this.#suspicion) return;
    this.#suspicion = suspicion;
    this.#settled = undefined;
    this.#askedAt = -Infinity;
  }

  /** On a new stream nothing was asked for. */
  streamOpens(): void {
    this.#askedAt = -Infinity;
  }

  /** True when it is to be asked for now. */
  isDue(now: number): boolean {
    if (this.#suspicion === undefined || this.#settled?.suspicion === this.#suspicion) return false;
    if (now - this.#askedAt < COMPARE_AGAIN_MS) return false;
    this.#askedAt = now;
    return true;
  }

  /** What was found holds for the suspicion that was there before the target was looked at. */
  verified(how: Settlement, suspicion: number | undefined): void {
    if (suspicion !== undefined && suspicion === this.#suspicion) this.#settled = { suspicion, how };
  }
}
