import { shardKey as nameOf, type ShardRef } from '../../events/types/parts.ts';
import type { LogPosition } from '../../events/types/pause.ts';
import { type ArangoDeployment, ArangoError } from '../../replication/arango.ts';
import { type Checkpoint, compareTicks } from '../../replication/queue.ts';
import {
  type CheckpointScope,
  checkpointIn,
  ShardDocument,
  shardKey,
} from '../../replication/target/checkpoint-documents.ts';
import { CheckpointStore } from '../../replication/target/checkpoint-store.ts';
import { readIfThere } from './place-shards.ts';
import { localName } from './replicated-names.ts';

/** Shards whose checkpoints are read at once. */
const shardsAtOnce = 1_000;

/**
 * From where on this target needs the logs of its source: per DB-Server there, the lowest position that a checkpoint of
 * ours goes on from. Shards without a valid checkpoint need no log, since they are copied. Positions only move forward
 * while workers go on, so what is read here is at or before what they have when they stop.
 */
export async function durablePositions(
  deployment: ArangoDeployment,
  scope: CheckpointScope,
  shards: readonly ShardRef[],
  signal: AbortSignal,
): Promise<LogPosition[]> {
  const lowest = new Map<string, LogPosition>();
  const keys = await checkpointKeys(deployment, shards, signal);
  for (let at = 0; at < keys.length; at += shardsAtOnce) {
    for (const checkpoint of await checkpoints(deployment, scope, keys.slice(at, at + shardsAtOnce))) {
      const { dbServer, serverId, tick } = checkpoint;
      const name = JSON.stringify([dbServer, serverId]);
      const known = lowest.get(name);
      if (known === undefined || compareTicks(tick, known.tick) < 0) lowest.set(name, { dbServer, serverId, tick });
    }
  }
  return [...lowest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, position]) => position);
}

interface CheckpointKey {
  readonly key: string;
  readonly collectionId: string;
}

async function checkpointKeys(
  deployment: ArangoDeployment,
  shards: readonly ShardRef[],
  signal: AbortSignal,
): Promise<CheckpointKey[]> {
  const keys = new Map<string, CheckpointKey>();
  for (const [database, wanted] of Map.groupBy(shards, (shard) => shard.database)) {
    const local = await readIfThere(deployment, database, signal);
    const ids = new Map(local?.collections.map(({ name, id }) => [name, id]));
    for (const shard of wanted) {
      const collectionId = ids.get(localName(shard.collection, 'target'));
      if (collectionId === undefined) continue;
      keys.set(nameOf(shard), { key: shardKey(collectionId, shard.shardIndex), collectionId });
    }
  }
  return [...keys.values()];
}

async function checkpoints(
  { front }: ArangoDeployment,
  scope: CheckpointScope,
  keys: readonly CheckpointKey[],
): Promise<Checkpoint[]> {
  const store = new CheckpointStore(front);
  const read = await documents(store, keys);
  const floorKeys = [...new Set(read.flatMap(({ document: { floor } }) => (floor === undefined ? [] : [floor])))];
  const floors = new Map(await Promise.all(floorKeys.map(async (key) => [key, await store.floor(key)] as const)));
  return read.flatMap(({ document, collectionId }) => {
    const floor = document.floor === undefined ? undefined : floors.get(document.floor);
    const checkpoint = checkpointIn(document, floor, scope, collectionId);
    return checkpoint === undefined ? [] : [checkpoint];
  });
}

async function documents(
  store: CheckpointStore,
  keys: readonly CheckpointKey[],
): Promise<{ readonly document: ShardDocument; readonly collectionId: string }[]> {
  try {
    const stored = await store.documents(keys.map(({ key }) => key));
    return keys.flatMap(({ collectionId }, index) => {
      const document = ShardDocument.safeParse(stored[index]).data;
      return document === undefined ? [] : [{ document, collectionId }];
    });
  } catch (error) {
    // The first worker that receives makes the collection: nobody has yet.
    if (error instanceof ArangoError && error.status === 404) return [];
    throw error;
  }
}
