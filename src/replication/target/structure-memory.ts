import { z } from 'zod';
import type { CheckpointStore } from './checkpoint-store.ts';

/** Which collection of the source a collection of the target follows, in `_sync_checkpoints`. */
const FollowDocument = z.object({
  kind: z.literal('collection'),
  epoch: z.string(),
  targetCollectionId: z.string(),
  sourceId: z.string(),
});

/**
 * Remembers, under one epoch, which collection of the source each collection of the target follows: a source collection
 * with another globallyUniqueId under the same name was made anew, and what we follow may be made anew here as well.
 * Under another epoch the target may hold its own data: nothing is remembered.
 */
export class FollowedCollections {
  readonly #store: CheckpointStore;
  readonly #epoch: string;
  readonly #known = new Map<string, string | undefined>();

  constructor(store: CheckpointStore, epoch: string) {
    this.#store = store;
    this.#epoch = epoch;
  }

  /** By id of the target's collection: globallyUniqueId of the source's. */
  async of(targetIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const unknown = targetIds.filter((id) => !this.#known.has(id));
    const documents = await this.#store.documents(unknown.map(keyOf));
    for (const [index, id] of unknown.entries()) {
      const document = FollowDocument.safeParse(documents[index]).data;
      this.#known.set(id, document?.epoch === this.#epoch ? document.sourceId : undefined);
    }
    return new Map(
      targetIds.flatMap((id) => {
        const sourceId = this.#known.get(id);
        return sourceId === undefined ? [] : [[id, sourceId] as const];
      }),
    );
  }

  async remember(
    following: readonly { readonly targetId: string; readonly sourceId: string }[],
    signal: AbortSignal,
  ): Promise<void> {
    const fresh = following.filter(({ targetId, sourceId }) => this.#known.get(targetId) !== sourceId);
    const documents = fresh.map(({ targetId, sourceId }) => ({
      _key: keyOf(targetId),
      kind: 'collection',
      epoch: this.#epoch,
      targetCollectionId: targetId,
      sourceId,
    }));
    await this.#store.put(documents, signal);
    for (const { targetId, sourceId } of fresh) this.#known.set(targetId, sourceId);
  }
}

function keyOf(targetCollectionId: string): string {
  return `collection-${targetCollectionId}`;
}
