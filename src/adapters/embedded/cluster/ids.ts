import type { IdSource } from '../engine/types.ts';

/**
 * The ids of a deployment: one counter, as the agency's `Sync/LatestID` (reference 2.8), so that ids of a collection and
 * its shards rise together and are never used again.
 */
export class Ids implements IdSource {
  #last: bigint;

  constructor(last: number) {
    this.#last = BigInt(last);
  }

  /** The id given last. */
  get last(): bigint {
    return this.#last;
  }

  next(): string {
    this.#last++;
    return this.#last.toString();
  }

  /** Reserves `count` ids in a row; tells the first. */
  reserve(count: number): bigint {
    const first = this.#last + 1n;
    this.#last += BigInt(count);
    return first;
  }

  raiseTo(id: string): void {
    if (!/^[0-9]{1,20}$/.test(id)) return;
    const value = BigInt(id);
    if (value > this.#last && value >> 64n === 0n) this.#last = value;
  }
}
