import { compareTicks, type Tick } from '../queue.ts';
import type { LagMarkers } from './lag-markers.ts';

/** Moments known ahead of the reader; when there are more, only ends that are further apart are remembered. */
const AHEAD_MAX = 512;

/** Everything that the server acknowledged before `at` lies at or before `tick`. */
interface Mark {
  readonly tick: Tick;
  readonly at: number;
}

/** What an answer of a log says of its end. */
export interface LogEnd {
  /** When the answer was asked for. */
  readonly askedAt: number;
  /** End of the log when it was answered. */
  readonly lastTick: Tick;
  /** Everything up to it is handed over. */
  readonly complete: Tick;
  /** The server stopped since there was no more, and no transaction is half read. */
  readonly isRead: boolean;
}

/**
 * Up to which moment, by this worker's clock, a reader of a log has everything that the server acknowledged. Two things
 * tell: a marker of ours, sent at that moment, that was met in the log (`lag-markers.ts`), and the end of the log when it was
 * asked for at that moment, once it is reached. An end at which nothing more is read counts as well, as long as no marker
 * is missing that the server had acknowledged before: a log that does not show what was written is not at its end.
 */
export class ReadMoment {
  readonly #markers: LagMarkers | undefined;
  #at: number | undefined;
  #ahead: Mark[] = [];
  /** Of those ahead; asked with every operation. */
  #lowestAhead: Tick | undefined;
  /** Ends of the log that were asked for sooner after each other are one. */
  #apartMs = 0;
  #newestAhead = -Infinity;
  /** Number of the newest marker met; those before were not looked for. */
  #marker = 0;

  constructor(markers?: LagMarkers) {
    this.#markers = markers;
  }

  /** Ms since 1970; undefined while no moment is known. */
  get at(): number | undefined {
    return this.#at;
  }

  /** Reading begins anew, at a place of the log of which nothing is known. */
  begin(): void {
    this.#at = undefined;
    this.#wait([]);
    this.#marker = this.#markers?.newest ?? 0;
  }

  /** Whether an operation is on the markers' shard. */
  isMarker(shardKey: string): boolean {
    return this.#markers !== undefined && shardKey === this.#markers.shardKey;
  }

  met(operation: Buffer, tick: Tick): void {
    const marker = this.#markers?.met(operation);
    if (marker === undefined) return;
    this.#marker = Math.max(this.#marker, marker.number);
    this.#wait([...this.#ahead, { tick, at: marker.at }]);
  }

  /** Everything up to `tick` is handed over. */
  reached(tick: Tick): void {
    if (this.#lowestAhead === undefined || compareTicks(this.#lowestAhead, tick) > 0) return;
    for (const mark of this.#ahead) if (compareTicks(mark.tick, tick) <= 0) this.#moveTo(mark.at);
    this.#wait(this.#ahead.filter((mark) => compareTicks(mark.tick, tick) > 0));
  }

  answered({ askedAt, lastTick, complete, isRead }: LogEnd): void {
    // The clock was set back: what it said before lies in the future now.
    if (this.#at !== undefined && this.#at > askedAt) this.#at = undefined;
    this.reached(complete);
    if (compareTicks(complete, lastTick) >= 0) this.#moveTo(askedAt);
    else if (isRead) this.#moveTo(this.#markers?.oldestBehind(this.#marker, askedAt)?.at ?? askedAt);
    else this.#expect({ tick: lastTick, at: askedAt });
  }

  #moveTo(at: number): void {
    this.#at = Math.max(at, this.#at ?? at);
  }

  #expect(end: Mark): void {
    const [first] = this.#ahead;
    if (first === undefined) this.#apartMs = 0;
    else if (end.at - this.#newestAhead < this.#apartMs) return;
    this.#newestAhead = end.at;
    const ahead = [...this.#ahead, end];
    const isFull = first !== undefined && ahead.length > AHEAD_MAX;
    if (isFull) this.#apartMs = (2 * (end.at - first.at)) / AHEAD_MAX;
    this.#wait(isFull ? ahead.filter((_, index) => index % 2 === 0) : ahead);
  }

  #wait(ahead: Mark[]): void {
    this.#ahead = ahead;
    this.#lowestAhead = this.#ahead.map(({ tick }) => tick).sort(compareTicks)[0];
  }
}
