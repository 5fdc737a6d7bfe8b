import type { ShardRef } from '../../wire/shards.ts';
import type { Checkpoint } from '../queue.ts';
import { checkpointIn, isServedStill, type ServedBy, type ShardDocument, shardKey } from './checkpoint-documents.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import type { ShardTarget } from './shard-target.ts';

type Parts = Pick<ReceiverParts, 'epoch' | 'sourceDeployment' | 'store' | 'rounds'>;

/** What the stored checkpoint says of where a shard goes on. */
export interface Standing {
  /** From which the log may serve; undefined: the shard has to be copied. */
  readonly checkpoint: Checkpoint | undefined;
  /** Largest revision ever applied, `''` when unknown. */
  readonly forkRevision: string;
  /** The target's server started anew since: it may lack what it had acknowledged (S6). */
  readonly isDoubtful: boolean;
}

/** Where a shard stands by the checkpoint that is stored of it; read once, then followed by what is written. */
export class StoredPosition {
  readonly #ref: ShardRef;
  readonly #parts: Parts;
  /** What was read at the last opening; undefined before anything was. */
  #read: { readonly document: ShardDocument | undefined } | undefined;

  /** Why the shard is to be copied although a checkpoint might serve. */
  #copyBecause: string | undefined;

  constructor(ref: ShardRef, parts: Parts) {
    this.#ref = ref;
    this.#parts = parts;
  }

  get copyBecause(): string | undefined {
    return this.#copyBecause;
  }

  /** It was copied, or follows the log. */
  copied(): void {
    this.#copyBecause = undefined;
  }

  /** Remembers why, and has the stored position withdrawn: a crash must not find it valid. */
  async wantCopy(target: ShardTarget | undefined, reason: string): Promise<void> {
    this.#copyBecause = reason;
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
      return { checkpoint: undefined, forkRevision: '', isDoubtful: false };
    }
    // A copy that was begun under this epoch and not ended is wanted still.
    if (document.epoch === epoch) this.#copyBecause ??= document.copyBecause;
    const checkpoint = checkpointIn(document, floor, this.#parts, target.collectionId);
    return {
      checkpoint: this.#copyBecause === undefined ? checkpoint : undefined,
      forkRevision: document.forkRevision,
      // Also after a restart that no worker saw. What the checkpoint covers was synced: without a tree that has to do.
      isDoubtful: checkpoint !== undefined && target.revisionOrder && !isServedStill(document, servedBy),
    };
  }

  /** It is not valid any longer: a copy begins, or is wanted. */
  async withdraw(target: ShardTarget | undefined, reason: string): Promise<void> {
    const { rounds, epoch } = this.#parts;
    const key = target === undefined ? undefined : shardKey(target.collectionId, this.#ref.shardIndex);
    const document = (key === undefined ? undefined : rounds.stored(key)?.document) ?? this.#read?.document;
    if (document === undefined || document.epoch !== epoch || document.copyBecause !== undefined) return;
    await rounds.mark(document, reason);
  }
}
