import { compareTicks, type Tick } from '../queue.ts';
import type { DeferredDocuments } from './deferred.ts';
import type { Environment } from './environment.ts';
import { ReopenStream, uniqueRefusal } from './failures.ts';
import type { ShardTarget } from './shard-target.ts';

/** Unanswered, or as long as documents are held back, the source's indexes are asked for again after this. */
const ASK_AGAIN_MS = 10_000;
/** A document that a unique index refuses for longer than this: the shard is compared with the source. */
const HELD_MS_MAX = 60_000;

export interface BlockedOptions {
  readonly deferred: DeferredDocuments;
  readonly target: ShardTarget;
  readonly environment: Pick<Environment, 'now'>;
  /** Asks the source which indexes it has now. */
  readonly askIndexes: () => void;
}

/**
 * What becomes of the documents of a stream that a unique index refuses (S13):
 *
 * ```
 *   held ──► the source's indexes are read again ──► it has dropped the index: ours goes, and they find their place
 *                                                ├─► the stream is replayed: what blocks them is newer, and a later
 *                                                │   operation frees the value: they wait
 *                                                └─► no replay, or waited for too long: the shard is compared
 * ```
 * Nothing that blocks is ever removed for their sake: in a replay it is newer than what is held, and otherwise nobody
 * knows where it came from. A stream is a replay as long as it lies before the end that the log had when the stream was
 * opened: nobody has ever applied an operation behind that.
 */
export class BlockedDocuments {
  readonly #options: BlockedOptions;
  /** Undefined: not known, since the source does not tell it. */
  #replayEnd: Tick | undefined;
  /** Everything up to it is applied: where the stream is may be further, while it is being applied. */
  #applied: Tick | undefined;
  #heldSince: number | undefined;
  #askedAt = -Infinity;
  #isAnswered = false;

  constructor(options: BlockedOptions) {
    this.#options = options;
  }

  /** The stream was opened; `end`: nothing behind it was applied before. */
  opened(end: Tick | undefined): void {
    this.#replayEnd = end;
  }

  /** The source's indexes came, and what it does not have was dropped. */
  answered(): void {
    this.#isAnswered = true;
  }

  /** A floor tells that nothing is left to apply up to `position`. */
  reached(position: Tick): void {
    if (this.#applied === undefined || compareTicks(position, this.#applied) > 0) this.#applied = position;
  }

  /** Everything up to `position` is applied. Throws {@link ReopenStream} when waiting leads to nothing. */
  cameTo(position: Tick | undefined): void {
    this.#applied = position;
    const { deferred, environment } = this.#options;
    if (deferred.size === 0) {
      this.#heldSince = undefined;
      this.#askedAt = -Infinity;
      this.#isAnswered = false;
      return;
    }
    const now = environment.now();
    this.#heldSince ??= now;
    this.#ask(now);
    if (this.#isAnswered && this.#isBehindReplay()) throw this.#compared();
  }

  /** Called about once a second: why the stream has to end although nothing comes; undefined while there is no reason. */
  overdue(now: number): ReopenStream | undefined {
    if (this.#heldSince === undefined) return undefined;
    this.#ask(now);
    const isInVain = this.#isAnswered && this.#isBehindReplay();
    return isInVain || now - this.#heldSince > HELD_MS_MAX ? this.#compared() : undefined;
  }

  #ask(now: number): void {
    if (now - this.#askedAt < ASK_AGAIN_MS) return;
    this.#askedAt = now;
    this.#isAnswered = false;
    this.#options.askIndexes();
  }

  #isBehindReplay(): boolean {
    const end = this.#replayEnd;
    const applied = this.#applied;
    return end !== undefined && applied !== undefined && compareTicks(applied, end) >= 0;
  }

  #compared(): ReopenStream {
    const { deferred, target } = this.#options;
    const why = uniqueRefusal(target, deferred).message;
    return new ReopenStream(why, { catchUpBecause: why });
  }
}
