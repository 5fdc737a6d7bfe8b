import type { ArangoDeployment } from '../../replication/arango.ts';
import type { ShardRef } from '../../wire/shards.ts';
import { placeShards } from '../structure/place-shards.ts';
import { newestRevision } from './newest-revision.ts';
import { probeClocks } from './probe-clocks.ts';
import { raiseClocks } from './raise-clocks.ts';

/**
 * Makes sure that this deployment, about to become writable, gives revisions newer than all that was replicated into it
 * (S16): a local write with a replicated `_rev` would destroy documents (reference 4.4). Gives the revision back above
 * which it was shown, `''` when nothing was replicated. Throws when it could not be shown.
 */
export async function renewClocks(
  deployment: ArangoDeployment,
  shards: readonly ShardRef[],
  nowMs: number,
  signal: AbortSignal,
): Promise<string> {
  const { placed } = await placeShards(deployment, shards, 'target', signal);
  const newest = await newestRevision(deployment, placed, nowMs, signal);
  if (newest === '') return '';
  await raiseClocks(deployment, newest, signal);
  await probeClocks(deployment, newest, signal);
  return newest;
}
