import type { CheckpointRounds } from './checkpoint-rounds.ts';
import type { CheckpointStore } from './checkpoint-store.ts';

/** Another engine may write a shard's document at the same time: then it is looked at again. */
const ATTEMPTS_MAX = 5;

/**
 * The positions of these shards, by the keys of their documents, mean nothing any longer: each has to be compared with
 * the source before the log serves it. What belongs to another epoch means nothing anyway. Throws when that is not so
 * at the end.
 */
export async function withdrawCheckpoints(
  {
    store,
    rounds,
    epoch,
  }: { readonly store: CheckpointStore; readonly rounds: CheckpointRounds; readonly epoch: string },
  keys: readonly string[],
  reason: string,
): Promise<void> {
  await Promise.all(keys.map((key) => withdraw(key)));

  async function withdraw(key: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const document = await store.shard(key);
      if (document === undefined || document.epoch !== epoch || document.copyBecause !== undefined) return;
      await rounds.markForOthers(document, reason);
    }
    throw new Error(`the checkpoint ${key} could not be withdrawn: somebody else writes it`);
  }
}
