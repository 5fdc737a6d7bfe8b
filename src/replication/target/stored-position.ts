import type { ShardRef } from '../../wire/shards.ts';
import type { Checkpoint } from '../queue.ts';
import {
  blankDocument,
  checkpointIn,
  isServedStill,
  type ServedBy,
  type ShardDocument,
  shardKey,
} from './checkpoint-documents.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import type { ShardTarget } from './shard-target.ts';

type Parts = Pick<ReceiverParts, 'epoch' | 'sourceDeployment' | 'equalAtStart' | 'store' | 'rounds'>;

/** What the stored checkpoint says of where a shard goes on. */
export interface Standing {
  /** From which the log may serve; undefined: the shard has to be caught up with. */
  readonly checkpoint: Checkpoint | undefined;
  /** Set: all that the shard holds came from the source, so that what differs tells what is missing. */
  readonly compare: Comparable | undefined;
  /** Largest revision ever applied, `''` when unknown. */
  readonly forkRevision: string;
  /** Something of the source's shard may be there already, or has been. */
  readonly isBegun: boolean;
  /** The target's server started anew since: it may lack what it had acknowledged (S6). */
  readonly isDoubtful: boolean;
}

/** `since`: the target may have been written to since; from this revision on an equal one proves nothing (S2). */
export interface Comparable {
  readonly since?: string;
}

/** Where a shard stands by the checkpoint that is stored of it; read once, then followed by what is written. */
export class StoredPosition {
  readonly #ref: ShardRef;
  readonly #parts: Parts;
  /** What was read at the last opening; undefined before anything was. */
  #read: { readonly document: ShardDocument | undefined } | undefined;

  /** Why the shard is to be caught up with although a checkpoint might serve. */
  #catchUpBecause: string | undefined;
  /** Only by a copy. */
  #mustCopy = false;

  constructor(ref: ShardRef, parts: Parts) {
    this.#ref = ref;
    this.#parts = parts;
  }

  get catchUpBecause(): string | undefined {
    return this.#catchUpBecause;
  }

  /** It follows the log. */
  caughtUp(): void {
    this.#catchUpBecause = undefined;
    this.#mustCopy = false;
  }

  /** Remembers why, and has the stored position withdrawn: a crash must not find it valid. */
  async wantCatchUp(target: ShardTarget | undefined, reason: string, mustCopy: boolean): Promise<void> {
    this.#catchUpBecause = reason;
    this.#mustCopy ||= mustCopy;
    await this.withdraw(target, reason);
  }

  /** Another worker wrote it: what we know is not so any longer. */
  forget(): void {
    this.#read = undefined;
  }

  async standing(target: ShardTarget, servedBy: ServedBy): Promise<Standing> {
    const { rounds, store, epoch } = this.#parts;
    const key = shardKey(target.collectionId, this.#ref.shardIndex);
    const known = this.#read === undefined ? undefined : rounds.stored(key);
    const document = known === undefined ? await store.shard(key) : known.document;
    const floorKey = known === undefined ? document?.floor : undefined;
    const floor = floorKey === undefined ? known?.floor : await store.floor(floorKey);
    this.#read = { document };
    if (document === undefined) {
      const compare = this.#comparable(undefined, target);
      return { checkpoint: undefined, compare, forkRevision: '', isBegun: false, isDoubtful: false };
    }
    // What was begun under this epoch and not ended is wanted still.
    if (document.epoch === epoch) this.#catchUpBecause ??= document.copyBecause;
    const checkpoint = checkpointIn(document, floor, this.#parts, target.collectionId);
    return {
      checkpoint: this.#catchUpBecause === undefined ? checkpoint : undefined,
      compare: this.#comparable(document, target),
      forkRevision: document.forkRevision,
      isBegun: true,
      // Also after a restart that no worker saw. What the checkpoint covers was synced: without a tree that has to do.
      isDoubtful: checkpoint !== undefined && target.revisionOrder && !isServedStill(document, servedBy),
    };
  }

  /**
   * A document is stored of a shard that was copied from the source, or that was empty when it began to be: whatever came
   * into it then came from there, or was written while the target was writable, under another epoch. By a reversal all
   * that it holds the source had.
   */
  #comparable(document: ShardDocument | undefined, target: ShardTarget): Comparable | undefined {
    const { epoch, sourceDeployment, equalAtStart } = this.#parts;
    if (this.#mustCopy || !target.revisionOrder) return undefined;
    if (equalAtStart) return {};
    const isOfThis =
      document?.sourceDeployment === sourceDeployment && document.targetCollectionId === target.collectionId;
    if (!isOfThis) return undefined;
    if (document.epoch === epoch) return {};
    return document.forkRevision === '' ? undefined : { since: document.forkRevision };
  }

  /**
   * Must be done before the first document is written. What another source left in the shard means nothing any more once
   * this one writes to it; and when a copy into an empty shard is interrupted, only the rest has to be moved.
   */
  async begin(target: ShardTarget, reason: string, empty: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    const { rounds, store, epoch, sourceDeployment } = this.#parts;
    const document = this.#read?.document;
    if (document?.sourceDeployment === sourceDeployment) return this.withdraw(target, reason);
    // Where contents are compared it says only that a copy was begun.
    if (!target.revisionOrder || (await empty()))
      await rounds.mark(blankDocument(this.#ref, target, { epoch, sourceDeployment }), reason);
    else if (document !== undefined) await store.remove([document._key], signal);
  }

  /** It is not valid any longer: the shard begins to be caught up with, or has to be. */
  async withdraw(target: ShardTarget | undefined, reason: string): Promise<void> {
    const { rounds, epoch } = this.#parts;
    const key = target === undefined ? undefined : shardKey(target.collectionId, this.#ref.shardIndex);
    const document = (key === undefined ? undefined : rounds.stored(key)?.document) ?? this.#read?.document;
    if (document === undefined || document.epoch !== epoch || document.copyBecause !== undefined) return;
    await rounds.mark(document, reason);
  }
}
