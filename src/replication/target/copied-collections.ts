import type { Inventory } from '../inventory.ts';
import { type CheckpointScope, ShardDocument, shardKey } from './checkpoint-documents.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { learnsFromDocuments } from './index-difference.ts';
import type { TargetStructure } from './structure-steps.ts';

/**
 * Ids of the target's collections into which all of the source's documents have come once, by the checkpoints that are
 * stored of their shards: so it is known after any restart. Only of those with an index that waits for it.
 */
export async function copiedCollections(
  inventory: Inventory,
  target: TargetStructure,
  store: CheckpointStore,
  scope: CheckpointScope,
): Promise<ReadonlySet<string>> {
  const waiting = inventory.databases.flatMap(({ name, collections }) =>
    collections.flatMap(({ indexes, targetName, shards }) => {
      const stored = target.databases.get(name)?.collections.get(targetName);
      return stored === undefined || !indexes.some(learnsFromDocuments)
        ? []
        : [{ id: stored.id, shards: shards.length }];
    }),
  );
  const copied = await Promise.all(
    waiting.map(async ({ id, shards }) => {
      const keys = Array.from({ length: shards }, (_, index) => shardKey(id, index));
      const documents = await store.documents(keys);
      return documents.every((document) => isCopied(document, scope)) ? [id] : [];
    }),
  );
  return new Set(copied.flat());
}

function isCopied(stored: unknown, { epoch, sourceDeployment }: CheckpointScope): boolean {
  const document = ShardDocument.safeParse(stored).data;
  return (
    document?.epoch === epoch && document.sourceDeployment === sourceDeployment && document.copyBecause === undefined
  );
}
