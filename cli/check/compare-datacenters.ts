import { SyncInfo } from '../../src/wire/sync-info.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import { compareShards, type ShardVerdict } from './compare-shards.ts';
import { compareStructure } from './compare-structure.ts';

/** Structure and every shard of both sides, asked at the target's masters: all that is not equal, or cannot be told. */
export async function compareDatacenters(
  masters: MasterClient,
  timeoutMs: number,
  interrupted: AbortSignal,
): Promise<ShardVerdict[]> {
  const info = await masters.ask({ method: 'GET', path: '/_api/sync?details=full' }, SyncInfo);
  if (info.status === 'inactive') {
    throw new CommandFailed('this datacenter receives no synchronization: nothing to compare');
  }
  const shards = info.shards ?? [];
  const structure = await compareStructure(masters, shards);
  const compared = await compareShards(masters, shards, timeoutMs, interrupted);
  return [...problemsOf(info), ...structure, ...compared].filter(({ result }) => result !== 'equal');
}

/** What the target itself says it does not replicate is a difference too. */
function problemsOf({ problems, heldDrops }: SyncInfo): ShardVerdict[] {
  const held = (heldDrops ?? []).map((path) => {
    const [database = '', ...collection] = path.split('/');
    return {
      database,
      collection: collection.join('/'),
      reason: 'gone from the source; dropping it here waits for confirmation',
    };
  });
  return [...(problems ?? []), ...held].map(({ database, collection, reason }) => ({
    database,
    collection,
    shardIndex: undefined,
    result: 'different' as const,
    detail: reason,
  }));
}
