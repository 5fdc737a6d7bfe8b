import type { LogEnd } from '../queue.ts';
import { compareTicks } from '../queue.ts';
import { type CheckpointScope, checkpointIn, FloorDocument, ShardDocument, shardKey } from './checkpoint-documents.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { ShardTarget } from './shard-target.ts';

/** A shard of the source whose documents go into the same place, and how far it is applied; undefined: that is not known. */
export interface ShardPosition {
  readonly shardIndex: number;
  readonly position: LogEnd | undefined;
}

/**
 * How far all shards of the source are applied and durable whose documents go where this one's do, whichever worker
 * receives them: by what is stored of them.
 */
export async function shardPositions(
  store: Pick<CheckpointStore, 'documents'>,
  scope: CheckpointScope,
  target: ShardTarget,
): Promise<readonly ShardPosition[]> {
  const { collectionId, shardIndex, isOneToOne, source } = target;
  const count = isOneToOne ? 1 : (source?.sharding.shards ?? 1);
  const indexes = isOneToOne ? [shardIndex] : Array.from({ length: count }, (_, index) => index);
  const stored = await store.documents(indexes.map((index) => shardKey(collectionId, index)));
  const shards = stored.map((document) => ShardDocument.safeParse(document).data);
  const floorKeys = [...new Set(shards.flatMap((shard) => shard?.floor ?? []))];
  const read = (await store.documents(floorKeys)).flatMap((document) => FloorDocument.safeParse(document).data ?? []);
  const floors = new Map(read.map((floor) => [floor._key, floor]));
  return indexes.map((index, at) => {
    const document = shards[at];
    const floor = floors.get(document?.floor ?? '');
    const position = document && checkpointIn(document, floor, scope, collectionId);
    return { shardIndex: index, position };
  });
}

/** Of these shards the first that does not hold yet what the source's logs told up to their ends. */
export function behindOf(positions: readonly ShardPosition[], ends: readonly LogEnd[]): ShardPosition | undefined {
  return positions.find(({ position }) => {
    const end = ends.find(({ serverId }) => serverId === position?.serverId);
    return position === undefined || end === undefined || compareTicks(position.tick, end.tick) < 0;
  });
}
