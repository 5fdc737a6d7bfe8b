/** Round trips remembered: about as many as a quarter of an hour of keep-alives, so that drift shows. */
const SAMPLES_MAX = 64;

/**
 * How far another clock is ahead of ours, from round trips: its time is assumed to be taken in the middle of the trip, so
 * the error is at most half the trip, and the shortest trip counts.
 */
export class ClockOffset {
  readonly #samples: { readonly tripMs: number; readonly offsetMs: number }[] = [];

  /** `sentMs`, `receivedMs`: own wall clock; `theirMs`: the other's. */
  add(sentMs: number, receivedMs: number, theirMs: number): void {
    const tripMs = receivedMs - sentMs;
    // A negative trip means that our own clock was set back meanwhile.
    if (tripMs < 0 || !Number.isFinite(theirMs)) return;
    this.#samples.push({ tripMs, offsetMs: theirMs - (sentMs + tripMs / 2) });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Their clock minus ours, ms; undefined before the first round trip. */
  get offsetMs(): number | undefined {
    const [first, ...rest] = this.#samples;
    if (first === undefined) return undefined;
    return rest.reduce((best, sample) => (sample.tripMs < best.tripMs ? sample : best), first).offsetMs;
  }
}
