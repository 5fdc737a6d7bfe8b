/** Round trips remembered: about as many as a quarter of an hour of keep-alives, so that drift shows. */
const SAMPLES_MAX = 64;

/** Two clocks drift apart by no more while samples are remembered: 250 parts in a million over a quarter of an hour. */
const DRIFT_MS_MAX = 250;

interface Sample {
  readonly tripMs: number;
  readonly offsetMs: number;
}

/**
 * How far another clock is ahead of ours, from round trips: its time is assumed to be taken in the middle of the trip, so
 * the error is at most half the trip, and the shortest trip counts. A trip that contradicts those before says that one of the
 * clocks was set: they are forgotten.
 */
export class ClockOffset {
  #samples: Sample[] = [];

  /** `sentMs`, `receivedMs`: own wall clock; `theirMs`: the other's. */
  add(sentMs: number, receivedMs: number, theirMs: number): void {
    const tripMs = receivedMs - sentMs;
    // A negative trip means that our own clock was set back meanwhile.
    if (tripMs < 0 || !Number.isFinite(theirMs)) return;
    const sample = { tripMs, offsetMs: theirMs - (sentMs + tripMs / 2) };
    const best = this.#best;
    if (best !== undefined && contradict(best, sample)) this.#samples = [];
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Their clock minus ours, ms; undefined before the first round trip. */
  get offsetMs(): number | undefined {
    return this.#best?.offsetMs;
  }

  /** How long an answer takes at the least, ms; undefined before the first round trip. */
  get shortestTripMs(): number | undefined {
    return this.#best?.tripMs;
  }

  get #best(): Sample | undefined {
    const [first, ...rest] = this.#samples;
    if (first === undefined) return undefined;
    return rest.reduce((best, sample) => (sample.tripMs < best.tripMs ? sample : best), first);
  }
}

function contradict(a: Sample, b: Sample): boolean {
  return Math.abs(a.offsetMs - b.offsetMs) > (a.tripMs + b.tripMs) / 2 + DRIFT_MS_MAX;
}
