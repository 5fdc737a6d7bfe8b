import type { ShardRef } from '../../wire/shards.ts';
import type { ServedBy } from './checkpoint-documents.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import type { ShardProgress } from './shard-progress.ts';
import { leadersOf, type ShardTarget } from './shard-target.ts';
import type { Standing, StoredPosition } from './stored-position.ts';

/** Where a stream begins. */
export interface Beginning extends Standing {
  readonly target: ShardTarget;
  readonly servedBy: ServedBy;
}

/** A place among those that open, or among those that are copied. */
interface Place {
  readonly until: 'opened' | 'copied';
  readonly leave: () => void;
}

type Parts = Pick<ReceiverParts, 'directory' | 'watch' | 'environment' | 'openings'>;

/** A shard's turn: when it may open its stream, from where, and until when it keeps others waiting. */
export class Opening {
  readonly #ref: ShardRef;
  readonly #parts: Parts;
  readonly #position: StoredPosition;
  readonly #progress: ShardProgress;
  #place: Place | undefined;
  /** What was said last of waiting. */
  #said = '';

  constructor(ref: ShardRef, parts: Parts, position: StoredPosition, progress: ShardProgress) {
    this.#ref = ref;
    this.#parts = parts;
    this.#position = position;
    this.#progress = progress;
  }

  /** Waits for its turn, then finds out where the shard goes on. {@link end} gives the place back in every outcome. */
  async begin(signal: AbortSignal): Promise<Beginning> {
    const { openings } = this.#parts;
    const onWait = (reason: string) => this.#waits(reason);
    this.#place = { until: 'opened', leave: await openings.enter(signal, onWait) };
    const beginning = await this.#look(signal);
    if (beginning.checkpoint !== undefined) return beginning;
    // Those that need no copy must not wait behind hours of copying.
    this.#place.leave();
    const isAtOnce = openings.mayCopyAtOnce;
    this.#place = { until: 'copied', leave: await this.#copyTurn(onWait, signal) };
    return isAtOnce ? beginning : this.#look(signal);
  }

  async #copyTurn(onWait: (reason: string) => void, signal: AbortSignal): Promise<() => void> {
    // Until the copy begins: the source may let it wait as well.
    this.#progress.waitsForCopy = true;
    return await this.#parts.openings.enterCopy(signal, onWait);
  }

  /** The source has the stream wait for its turn there: others may open meanwhile. */
  queued(reason: string): void {
    this.#waits(reason);
    if (this.#place?.until === 'opened') this.#place.leave();
  }

  /** Something of the stream was applied. */
  progressed(): void {
    if (this.#said !== '' && this.#progress.statusMessage === this.#said) this.#progress.statusMessage = '';
    this.#said = '';
    if (this.#place?.until === 'opened' || this.#progress.status === 'running') this.#place?.leave();
  }

  end(): void {
    this.#progress.waitsForCopy = false;
    this.#place?.leave();
    this.#place = undefined;
  }

  #waits(reason: string): void {
    if (this.#progress.status === 'failed') return;
    this.#said = `waiting: ${reason}`;
    this.#progress.statusMessage = this.#said;
  }

  async #look(signal: AbortSignal): Promise<Beginning> {
    const { directory, watch, environment, openings } = this.#parts;
    try {
      const target = await directory.shard(this.#ref);
      this.#progress.ledBy(target.leader, environment.now());
      // All are met before the first write to them, so that a restart of any is seen.
      const [first] = await Promise.all(leadersOf(target).map((leader) => watch.meet(leader, signal)));
      if (first === undefined) throw new Error('a shard without leaders was opened');
      const servedBy = { server: target.leader, ...first };
      const standing = await this.#position.standing(target, servedBy);
      openings.succeeded();
      return { target, servedBy, ...standing };
    } catch (error) {
      openings.failed(error);
      throw error;
    }
  }
}
