import { ArangoError } from '../arango.ts';
import type { ContentQuestion } from '../queue.ts';
import { treeSummaryOf } from '../revision-tree.ts';
import { SnapshotLost } from '../shard-contents.ts';
import type { SharedBatch } from './batches.ts';
import { StreamBroken } from './broken.ts';
import type { ShardSenderParts } from './sender-parts.ts';
import { placeAt, shardTree } from './shard-tree.ts';
import { type ToldContents, tellContents } from './tell-contents.ts';
import type { Verification } from './verifications.ts';

/** What a receiver is told, at the tick of a snapshot, which whoever tells it releases. */
export type Snapshot =
  | { readonly kind: 'tree'; readonly batch: SharedBatch; readonly count: number; readonly hash: string }
  | { readonly kind: 'contents'; readonly batch: SharedBatch; readonly question: ContentQuestion }
  | Untold;

/** For a check only: what cannot be told. */
export interface Untold {
  readonly kind: 'untold';
  readonly reason: string;
}

type Parts = Pick<ShardSenderParts, 'server' | 'place' | 'limits' | 'throttle'>;

/** Takes a snapshot by which the shard can be told as it is wanted. */
export async function snapshotFor(
  { server, place, throttle }: Parts,
  wanted: Verification,
  signal: AbortSignal,
): Promise<Snapshot> {
  if (typeof wanted === 'object') {
    return { kind: 'contents', batch: await server.batches.own(signal), question: wanted };
  }
  try {
    const { batch, text } = await shardTree(server, place, signal);
    if (wanted === 'tree') throttle.charge({ bytes: text.length, operations: 0 }, 'copy');
    return { kind: 'tree', batch, ...treeSummaryOf(text) };
  } catch (error) {
    const isOfShard = error instanceof ArangoError || error instanceof StreamBroken;
    if (wanted === undefined || !isOfShard) throw error;
    return { kind: 'untold', reason: error.message };
  }
}

/** Reads what the shard holds at the snapshot; what the snapshot does not give any more is not told. */
export async function contentsOf(
  { server, place, limits, throttle }: Parts,
  { batch, question }: Extract<Snapshot, { kind: 'contents' }>,
  signal: AbortSignal,
): Promise<ToldContents | Untold> {
  try {
    const at = placeAt(server.server, place, batch);
    const told = await tellContents(at, question, { throttle, limits }, signal);
    await batch.confirm(signal);
    return told;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ArangoError || error instanceof SnapshotLost)) throw error;
    return { kind: 'untold', reason: error.message };
  }
}
