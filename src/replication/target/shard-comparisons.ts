import type { ComparisonRequest, ComparisonResult, Repair } from '../../wire/comparisons.ts';
import type { ShardReport } from '../../wire/worker.ts';
import { BarrierComparison } from './barrier-comparison.ts';
import type { Progress } from './checkpoint-rounds.ts';
import type { RunningContentCheck } from './running-content-check.ts';
import { ShardCheck } from './shard-check.ts';
import type { ShardProgress } from './shard-progress.ts';
import type { ShardTarget } from './shard-target.ts';
import { hasReached, type SourceBarrier } from './source-barrier.ts';
import type { StreamSession } from './stream-session.ts';
import { type Settlement, SuspectComparison } from './suspect-comparison.ts';

/** A stream by which a shard can be compared. */
export interface ComparableStream {
  readonly target: ShardTarget;
  readonly session: Pick<StreamSession, 'askForTree'>;
  readonly contents: RunningContentCheck;
}

export interface ShardComparisonsOptions {
  readonly progress: ShardProgress;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Ends the stream: the next one compares contents. */
  readonly compareContents: (reason: string) => void;
}

/**
 * Whatever one shard is held against its source for while it streams: an old write may have landed (S4), a barrier holds
 * and there are no trees for the masters to compare (S8), or somebody wants to know.
 */
export class ShardComparisons {
  readonly check = new ShardCheck();
  readonly #suspect = new SuspectComparison();
  readonly #behindBarrier = new BarrierComparison();
  readonly #options: ShardComparisonsOptions;

  constructor(options: ShardComparisonsOptions) {
    this.#options = options;
  }

  /** The suspicion that is to be looked into; undefined: there is none, or it is early. */
  get suspicion(): number | undefined {
    return this.#suspect.suspicion;
  }

  get settled(): ShardReport['settled'] {
    return this.#suspect.settled;
  }

  /** Epoch of the barrier behind which nothing differed. */
  get equalBehind(): string | undefined {
    return this.#behindBarrier.equalBehind;
  }

  /** How a comparison fares that somebody asked for; undefined when nobody did. */
  get compared(): ComparisonResult | undefined {
    const { result } = this.check;
    const { status, statusMessage } = this.#options.progress;
    if (result?.state !== 'comparing' || status === 'running') return result;
    return { ...result, reason: `the shard is in ${status}: ${statusMessage}` };
  }

  lookInto(suspicion: number | undefined): void {
    this.#suspect.lookInto(suspicion);
  }

  lookBehind(barrier: SourceBarrier | undefined): void {
    this.#behindBarrier.follow(barrier);
  }

  follow(request: ComparisonRequest | undefined): void {
    this.check.follow(request);
  }

  streamOpens(): void {
    this.#suspect.streamOpens();
    this.check.streamOpens();
  }

  /** The source is about to be looked at for a catch-up. */
  catchUpBegins(): void {
    this.#behindBarrier.begins();
  }

  /** `suspicion`: what was doubtful when the target was looked at. */
  verified(how: Settlement, suspicion: number | undefined, { revisionOrder }: ShardTarget, moved: Repair): void {
    this.#suspect.verified(how, suspicion);
    this.#behindBarrier.ends(how);
    // By content another shard's catch-up may have moved what differed here.
    if (how !== 'equal' || !revisionOrder) this.check.caughtUp(moved);
  }

  /** Begins what is due. `progress`: how far the stream came; undefined while that is not known. */
  tick(stream: ComparableStream, progress: Progress | undefined): void {
    const now = this.#options.now();
    if (!this.#isRunning) return;
    this.#compareSuspect(stream, now);
    this.#compareBehindBarrier(stream, progress, now);
  }

  askForCheck({ target, session, contents }: ComparableStream): void {
    if (!target.revisionOrder) {
      contents.follow(this.#isRunning ? this.check.wanted : undefined);
      return;
    }
    const question = this.#isRunning ? this.check.question(this.#options.now()) : undefined;
    if (question !== undefined) session.askForTree(question);
  }

  get #isRunning(): boolean {
    return this.#options.progress.status === 'running';
  }

  /** Asks for the source's tree at a place of the stream; without trees contents are compared. */
  #compareSuspect({ target, session }: ComparableStream, now: number): void {
    if (!this.#suspect.isDue(now)) return;
    if (target.revisionOrder) session.askForTree();
    else this.#options.compareContents('an old write may have landed late: compared after the quiet time');
  }

  #compareBehindBarrier({ target }: ComparableStream, progress: Progress | undefined, now: number): void {
    const barrier = this.#behindBarrier.wanted;
    if (target.revisionOrder || barrier === undefined) return;
    if (progress === undefined || !hasReached(progress, barrier) || !this.#behindBarrier.isDue(now)) return;
    this.#options.compareContents('compared behind the barrier of the source');
  }
}
