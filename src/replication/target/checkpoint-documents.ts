import { z } from 'zod';
import type { ShardRef } from '../../wire/shards.ts';
import { type Checkpoint, compareTicks, type Witness } from '../queue.ts';
import { isSameStart } from '../server-start.ts';
import type { ShardTarget } from './shard-target.ts';

const WITNESSES_MAX = 3;

const WitnessDocument = z.object({
  groupTick: z.string(),
  tick: z.string(),
  cuid: z.string(),
  key: z.string(),
  rev: z.string(),
});

/** The server of the target that led the shard, and which start of it: another one may have lost what this one had (S6). */
const ServedBy = z.object({
  server: z.string(),
  name: z.string(),
  isCounted: z.boolean(),
  boot: z.object({ uptimeMs: z.number(), earliest: z.number(), latest: z.number() }).optional(),
});
export type ServedBy = z.infer<typeof ServedBy>;

/**
 * How far one shard is, in `_sync_checkpoints`. Its key is made of the target's collection id and the shard's index: a
 * rename keeps it, a collection made anew begins without.
 */
export const ShardDocument = z.object({
  _key: z.string(),
  _rev: z.string().optional(),
  kind: z.literal('shard'),
  /** The engine that wrote it: another one means that the shard has moved on without us. */
  owner: z.string(),
  database: z.string(),
  collection: z.string(),
  shardIndex: z.number(),
  epoch: z.string(),
  sourceDeployment: z.string(),
  dbServer: z.string(),
  serverId: z.string(),
  cuid: z.string(),
  targetCollectionId: z.string(),
  tick: z.string(),
  forkRevision: z.string(),
  witnesses: z.array(WitnessDocument),
  /** Since when the position is true; not there while a comparison with the source is still wanted. */
  servedBy: ServedBy.optional(),
  /** The shard is at least where this floor is, as long as this field stands here. */
  floor: z.string().optional(),
  /** Set: the position means nothing, the shard has to be caught up with, for this reason. */
  copyBecause: z.string().optional(),
});
export type ShardDocument = z.infer<typeof ShardDocument>;

/** A position that many shards have reached: one document a round instead of one per shard (S20). */
export const FloorDocument = z.object({
  _key: z.string(),
  kind: z.literal('floor'),
  owner: z.string(),
  epoch: z.string(),
  sourceDeployment: z.string(),
  dbServer: z.string(),
  serverId: z.string(),
  tick: z.string(),
  witnesses: z.array(WitnessDocument),
});
export type FloorDocument = z.infer<typeof FloorDocument>;

/** What one synchronization's receiver asks its checkpoints for. */
export interface CheckpointScope {
  readonly epoch: string;
  readonly sourceDeployment: string;
}

export function shardKey(targetCollectionId: string, shardIndex: number): string {
  return `shard-${targetCollectionId}-${shardIndex}`;
}

/**
 * The checkpoint that a document stands for, raised to its floor's position. Undefined when it means nothing: another
 * epoch, source or target collection (S3), or a shard that is being caught up with.
 */
export function checkpointIn(
  document: ShardDocument,
  floor: FloorDocument | undefined,
  scope: CheckpointScope,
  targetCollectionId: string,
): Checkpoint | undefined {
  if (document.epoch !== scope.epoch || document.sourceDeployment !== scope.sourceDeployment) return undefined;
  if (document.targetCollectionId !== targetCollectionId || document.copyBecause !== undefined) return undefined;
  const raised = floor !== undefined && covers(floor, document) && compareTicks(floor.tick, document.tick) > 0;
  return {
    epoch: document.epoch,
    sourceDeployment: document.sourceDeployment,
    dbServer: document.dbServer,
    serverId: document.serverId,
    cuid: document.cuid,
    targetCollectionId,
    tick: raised ? floor.tick : document.tick,
    forkRevision: document.forkRevision,
    witnesses: raised ? newestWitnesses(floor.witnesses, document.witnesses) : document.witnesses,
  };
}

function covers(floor: FloorDocument, document: ShardDocument): boolean {
  return (
    floor._key === document.floor &&
    floor.epoch === document.epoch &&
    floor.sourceDeployment === document.sourceDeployment &&
    floor.dbServer === document.dbServer &&
    floor.serverId === document.serverId
  );
}

/** Whether the server that leads the shard now has lived on since the position was stored. */
export function isServedStill(document: ShardDocument, now: ServedBy): boolean {
  const { servedBy } = document;
  return servedBy !== undefined && servedBy.server === now.server && isSameStart(servedBy, now);
}

/** Newer operations show more of a log that was lost (S5); older ones are as true. */
export function newestWitnesses(newer: readonly Witness[], older: readonly Witness[]): Witness[] {
  return [...newer, ...older].slice(0, WITNESSES_MAX);
}

/** Of a shard into which nothing has come yet. */
export function blankDocument(
  ref: ShardRef,
  { collectionId: targetCollectionId }: Pick<ShardTarget, 'collectionId'>,
  scope: CheckpointScope,
): ShardDocument {
  const nowhere = { dbServer: '', serverId: '', cuid: '', tick: '0', forkRevision: '', witnesses: [] };
  return shardDocument(ref, '', { ...scope, ...nowhere, targetCollectionId }, {});
}

export function shardDocument(
  ref: ShardRef,
  owner: string,
  checkpoint: Checkpoint,
  extra: { readonly floor?: string | undefined; readonly servedBy?: ServedBy | undefined },
): ShardDocument {
  return {
    _key: shardKey(checkpoint.targetCollectionId, ref.shardIndex),
    kind: 'shard',
    owner,
    database: ref.database,
    collection: ref.collection,
    shardIndex: ref.shardIndex,
    ...checkpoint,
    witnesses: [...checkpoint.witnesses],
    ...(extra.floor === undefined ? {} : { floor: extra.floor }),
    ...(extra.servedBy === undefined ? {} : { servedBy: extra.servedBy }),
  };
}
