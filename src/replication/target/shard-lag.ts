import { compareTicks, type ReceiverLink, type Tick } from '../queue.ts';
import type { FloorMark } from './floor-group.ts';

/** Beyond the error of an estimated offset: a clock was set, and nobody knows the new offset yet. */
const CLOCK_SLACK_MS = 1_000;
/** What the source told of the end of its log longer ago is not the end of its log. */
const TOLD_MS_MAX = 3_000;

/** What was shown at positions of before: a stream goes back to a stored one, which is seconds old. */
const MARKS_MAX = 16;
const MARKS_APART_MS = 2_000;

type Clock = Pick<ReceiverLink, 'clockOffsetMs'>;

interface Mark {
  /** Everything up to it is applied. */
  readonly tick: Tick;
  readonly asOf: number;
  readonly clock: Clock;
}

/**
 * How old what one shard of the target shows is: unknown, or an age, never less than the truth by more than the clocks'
 * estimate errs. The age counts on while nothing comes, whatever the reason: a link that is cut, a source that is silent, a
 * target that takes nothing. It is unknown until the source has named a moment of which everything is applied; while the shard is
 * caught up with by a copy or a difference, when it is of no one moment at all; and when the target may have lost what it had.
 */
export class ShardLag {
  #shown: Mark | undefined;
  #marks: Mark[] = [];
  #floor: FloorMark | undefined;

  /** Nothing is known any more. */
  forget(): void {
    this.#shown = undefined;
    this.#marks = [];
    this.#floor = undefined;
  }

  /** The same log is applied once more from `tick` on: older states come back on the way, but none from before it. */
  goBackTo(tick: Tick): void {
    this.#marks = this.#marks.filter((mark) => compareTicks(mark.tick, tick) <= 0);
    this.#shown = this.#marks.at(-1);
    this.#floor = undefined;
  }

  /**
   * Everything up to `tick` is applied, and with it what the source had acknowledged before `asOf` by its worker's clock;
   * undefined: nobody said.
   */
  shows(asOf: number | undefined, tick: Tick, clock: Clock): void {
    if (asOf === undefined) return;
    const before = this.#marks.at(-1);
    this.#shown = { tick, asOf, clock };
    if (before !== undefined && Math.abs(asOf - before.asOf) < MARKS_APART_MS) return;
    this.#marks.push(this.#shown);
    if (this.#marks.length > MARKS_MAX) this.#marks.shift();
  }

  /** The shard stands on a floor. */
  stands(floor: FloorMark, clock: Clock): void {
    this.shows(floor.asOf, floor.tick, clock);
    this.#floor = floor;
  }

  /** A link that is gone still tells how its clock stood to ours. */
  ageMs(now: number): number | undefined {
    const offsetMs = this.#shown?.clock.clockOffsetMs;
    if (this.#shown === undefined || offsetMs === undefined) return undefined;
    const ageMs = now + offsetMs - this.#shown.asOf;
    return ageMs < -CLOCK_SLACK_MS ? undefined : Math.max(0, ageMs);
  }

  /** Estimate of the log's bytes, of all shards of the server, between what is applied and its end. */
  behindBytes(now: number): number | undefined {
    const end = this.#floor?.group.log;
    const readBytes = this.#floor?.readBytes;
    if (end === undefined || readBytes === undefined || now - end.at > TOLD_MS_MAX) return undefined;
    return Math.max(0, end.readBytes - readBytes) + end.unreadBytes;
  }
}
