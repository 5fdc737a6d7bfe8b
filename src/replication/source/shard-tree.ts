import { ArangoError, type ArangoServer } from '../arango.ts';
import { type RevisionPlace, treeTextAt } from '../revision-calls.ts';
import type { SharedBatch } from './batches.ts';
import { StreamBroken } from './broken.ts';
import type { SourceServer } from './source-server.ts';
import type { ShardPlace } from './topology.ts';

/** A server rolls its trees forward: the one of a snapshot can be gone, and a new snapshot has it (reference 5.8.1). */
const ATTEMPTS_MAX = 5;
const NOT_SUPPORTED = 9;

export interface ShardTree {
  readonly batch: SharedBatch;
  /** As the server prints it. */
  readonly text: string;
}

/** The tree of a shard at a snapshot, which the caller releases. */
export async function shardTree(server: SourceServer, place: ShardPlace, signal: AbortSignal): Promise<ShardTree> {
  for (let attempt = 1; ; attempt += 1) {
    const batch = await server.batches.own(signal);
    try {
      const text = await treeTextAt(placeAt(server.server, place, batch), signal);
      return { batch, text };
    } catch (error) {
      await batch.release();
      if (!(error instanceof ArangoError) || attempt === ATTEMPTS_MAX) throw error;
      if (error.errorNum === NOT_SUPPORTED) {
        throw new StreamBroken('no-tree', `shard ${place.shard} has no revision tree: ${error.message}`, {
          catchUp: 'copy',
        });
      }
    }
  }
}

/** Where the revisions of a shard are read at a snapshot. */
export function placeAt(server: ArangoServer, { database, shard }: ShardPlace, batch: SharedBatch): RevisionPlace {
  return { server, database, shard, batchId: batch.id };
}
