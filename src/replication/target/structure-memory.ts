import { z } from 'zod';
import type { CheckpointStore } from './checkpoint-store.ts';
import { canonical } from './index-difference.ts';
import { SourceFacts } from './source-facts.ts';

/** Which collection of the source a collection of the target follows, in `_sync_checkpoints`. */
const FollowDocument = z.object({
  kind: z.literal('collection'),
  epoch: z.string(),
  targetCollectionId: z.string(),
  /** globallyUniqueId of the source's collection. */
  sourceId: z.string(),
  source: SourceFacts.optional(),
  /** The epoch under which we made it: nothing was in it then. */
  madeUnder: z.string().optional(),
  /** It was followed and is not selected any longer: what happens to it meanwhile nobody looks at. */
  leftOut: z.literal(true).optional(),
});
type FollowDocument = z.infer<typeof FollowDocument>;

/** A collection of the target, or a database, and what it follows. */
export interface Following {
  readonly targetId: string;
  readonly sourceId: string;
  /** Of a collection. */
  readonly source?: SourceFacts;
  /** It was made just now. */
  readonly isNew?: boolean;
}

/**
 * Remembers, under one epoch, which collection of the source each collection of the target follows: a source collection
 * with another globallyUniqueId under the same name was made anew, and what we follow may be made anew here as well.
 * Under another epoch the target may hold its own data: nothing is remembered but how the source's collection is made.
 */
export class FollowedCollections {
  readonly #store: CheckpointStore;
  readonly #epoch: string;
  /** As they are stored, also those of other epochs. */
  readonly #known = new Map<string, FollowDocument | undefined>();

  constructor(store: CheckpointStore, epoch: string) {
    this.#store = store;
    this.#epoch = epoch;
  }

  /** By id of the target's collection: globallyUniqueId of the source's. */
  async of(targetIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map(
      (await this.#read(targetIds)).map(({ targetCollectionId, sourceId }) => [targetCollectionId, sourceId]),
    );
  }

  /**
   * What a collection of the target follows, also by what was remembered under an earlier epoch: what its source is made
   * like does not change. Undefined when nobody has remembered it. `isBlank`: nothing but what this epoch brought is in it.
   */
  async source(targetId: string): Promise<{ readonly facts: SourceFacts; readonly isBlank: boolean } | undefined> {
    // Another worker may have remembered it since.
    if (this.#known.get(targetId)?.source === undefined) await this.#load([targetId]);
    const document = this.#known.get(targetId);
    if (document?.source === undefined) return undefined;
    return { facts: document.source, isBlank: document.madeUnder === this.#epoch };
  }

  /** Another worker may have followed them meanwhile, or this one. */
  forget(targetId?: string): void {
    if (targetId === undefined) this.#known.clear();
    else this.#known.delete(targetId);
  }

  /** Of collections that are not selected: those that were followed are marked, each once. */
  async leaveOut(targetIds: readonly string[], signal: AbortSignal): Promise<void> {
    const followed = (await this.#read(targetIds)).filter(({ leftOut }) => leftOut !== true);
    // Nobody looks at what comes into it: it is not blank any longer.
    const left = followed.map(({ madeUnder: _, ...document }) => ({ ...document, leftOut: true as const }));
    await this.#write(left, signal);
  }

  /** Which of them were left out since they were followed first. */
  async leftOut(targetIds: readonly string[]): Promise<readonly string[]> {
    const followed = await this.#read(targetIds);
    return followed.flatMap(({ targetCollectionId, leftOut }) => (leftOut === true ? [targetCollectionId] : []));
  }

  /** They are followed again. */
  async takeBack(targetIds: readonly string[], signal: AbortSignal): Promise<void> {
    const followed = await this.#read(targetIds);
    await this.#write(
      followed.map(({ leftOut: _, ...document }) => document),
      signal,
    );
  }

  /** Gives back what was not remembered so before. */
  async remember(following: readonly Following[], signal: AbortSignal): Promise<readonly Following[]> {
    const fresh = following.filter((each) => !this.#isKnown(each));
    const documents = fresh.map(({ targetId, sourceId, source, isNew }): FollowDocument => {
      const madeUnder = isNew === true ? this.#epoch : this.#known.get(targetId)?.madeUnder;
      return {
        kind: 'collection',
        epoch: this.#epoch,
        targetCollectionId: targetId,
        sourceId,
        ...(source === undefined ? {} : { source }),
        ...(madeUnder === undefined ? {} : { madeUnder }),
      };
    });
    await this.#write(documents, signal);
    return fresh;
  }

  #isKnown({ targetId, sourceId, source, isNew = false }: Following): boolean {
    const document = this.#known.get(targetId);
    if (document === undefined || document.epoch !== this.#epoch || document.sourceId !== sourceId) return false;
    return !isNew && canonical(document.source ?? null) === canonical(source ?? null);
  }

  /** Those of this epoch. */
  async #read(targetIds: readonly string[]): Promise<readonly FollowDocument[]> {
    await this.#load(targetIds.filter((id) => !this.#known.has(id)));
    const documents = targetIds.flatMap((id) => this.#known.get(id) ?? []);
    return documents.filter(({ epoch }) => epoch === this.#epoch);
  }

  async #write(documents: readonly FollowDocument[], signal: AbortSignal): Promise<void> {
    const keyed = documents.map((document) => ({ _key: keyOf(document.targetCollectionId), ...document }));
    await this.#store.put(keyed, signal);
    for (const document of documents) this.#known.set(document.targetCollectionId, document);
  }

  async #load(targetIds: readonly string[]): Promise<void> {
    const documents = await this.#store.documents(targetIds.map(keyOf));
    for (const [index, id] of targetIds.entries()) {
      this.#known.set(id, FollowDocument.safeParse(documents[index]).data);
    }
  }
}

function keyOf(targetCollectionId: string): string {
  return `collection-${targetCollectionId}`;
}
