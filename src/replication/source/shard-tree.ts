import { throwIfError } from '../answers.ts';
import { ArangoError, type ArangoServer } from '../arango.ts';
import type { SharedBatch } from './batches.ts';
import { StreamBroken } from './broken.ts';
import type { SourceServer } from './source-server.ts';
import type { ShardPlace } from './topology.ts';

/** A server rolls its trees forward: the one of a snapshot can be gone, and a new snapshot has it (reference 5.8.1). */
const ATTEMPTS_MAX = 5;
const NOT_SUPPORTED = 9;

export interface ShardTree {
  readonly batch: SharedBatch;
  readonly count: number;
  /** Decimal: 64 bits. */
  readonly hash: string;
}

/** Count and hash of a shard at a snapshot, which the caller releases. */
export async function shardTree(server: SourceServer, place: ShardPlace, signal: AbortSignal): Promise<ShardTree> {
  for (let attempt = 1; ; attempt += 1) {
    const batch = await server.batches.own(signal);
    try {
      return { batch, ...(await treeAt(server.server, place, batch.id, signal)) };
    } catch (error) {
      await batch.release();
      if (!(error instanceof ArangoError) || attempt === ATTEMPTS_MAX) throw error;
      if (error.errorNum === NOT_SUPPORTED) {
        throw new StreamBroken('no-tree', `shard ${place.shard} has no revision tree: ${error.message}`, {
          copy: true,
        });
      }
    }
  }
}

async function treeAt(
  server: ArangoServer,
  place: ShardPlace,
  batchId: string,
  signal: AbortSignal,
): Promise<{ readonly count: number; readonly hash: string }> {
  const request = {
    method: 'GET',
    path: '/_api/replication/revisions/tree',
    database: place.database,
    query: { collection: place.shard, batchId, onlyPopulated: true },
    signal,
  } as const;
  const answer = await server.request(request);
  throwIfError(request, answer);
  return summaryOf(answer.body.toString('utf8'));
}

/** Hashes are numbers of 64 bits, which JSON.parse would round. Nodes hold no arrays. */
export function summaryOf(tree: string): { readonly count: number; readonly hash: string } {
  const outside = tree.replace(/"nodes"\s*:\s*\[[^\]]*\]/, '"nodes":0');
  const [, count] = /"count"\s*:\s*(\d+)/.exec(outside) ?? [];
  const [, hash] = /"hash"\s*:\s*(\d+)/.exec(outside) ?? [];
  if (count === undefined || hash === undefined) throw new Error('a revision tree has no count or no hash');
  return { count: Number(count), hash };
}
