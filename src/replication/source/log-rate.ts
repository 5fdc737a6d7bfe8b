import type { Tick } from '../queue.ts';

/** Part of what was known that stays with each new answer. */
const KEPT = 0.9;

/**
 * Estimates how much of a log lies between two ticks, by what its ticks have weighed of late: ticks count operations and
 * entries of indexes, and nothing tells their bytes before they are read.
 */
export class LogRate {
  #bytes = 0;
  #ticks = 0;
  #read = 0;

  /** Bytes of log read so far. */
  get read(): number {
    return this.#read;
  }

  /** An answer of `bytes` moved the reader between two ticks. */
  passed(bytes: number, from: Tick, to: Tick): void {
    this.#read += bytes;
    const ticks = Number(BigInt(to) - BigInt(from));
    if (bytes === 0 || ticks <= 0) return;
    this.#bytes = this.#bytes * KEPT + bytes;
    this.#ticks = this.#ticks * KEPT + ticks;
  }

  /** Undefined while nothing was read to go by. */
  bytesBetween(from: Tick, to: Tick): number | undefined {
    const ticks = Number(BigInt(to) - BigInt(from));
    if (ticks <= 0) return 0;
    return this.#ticks === 0 ? undefined : Math.round((ticks * this.#bytes) / this.#ticks);
  }
}
