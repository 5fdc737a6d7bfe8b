/**
 * The ticks at which somebody (a batch, a transaction) still reads. Taking one costs nothing: collections keep what is
 * overwritten only while a tick here is old enough to see it.
 */
export class Snapshots {
  readonly #holders = new Map<number, number>();
  readonly #onRelease: (ticks: readonly number[]) => void;
  /** The largest tick held; -1 when there is none. */
  newest = -1;

  /** `onRelease` is told the ticks that are left, to forget what they do not see. */
  constructor(onRelease: (ticks: readonly number[]) => void) {
    this.#onRelease = onRelease;
  }

  hold(tick: number): void {
    this.#holders.set(tick, (this.#holders.get(tick) ?? 0) + 1);
    if (tick > this.newest) this.newest = tick;
  }

  release(tick: number): void {
    const holders = this.#holders.get(tick) ?? 0;
    if (holders > 1) {
      this.#holders.set(tick, holders - 1);
      return;
    }
    this.#holders.delete(tick);
    const ticks = [...this.#holders.keys()];
    this.newest = Math.max(-1, ...ticks);
    this.#onRelease(ticks);
  }
}
