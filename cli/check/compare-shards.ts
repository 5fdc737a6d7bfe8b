import { setTimeout as sleep } from 'node:timers/promises';
import { ChecksumsAnswer, type ChecksumsRequest, type ShardChecksums } from '../../src/wire/checksums.ts';
import type { ShardRef } from '../../src/wire/shards.ts';
import type { ShardSyncInfo } from '../../src/wire/sync-info.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';

/** Shards asked for in one call: large enough that thousands take few calls, small enough for a call's time limit. */
const SHARDS_PER_CALL = 100;
const CALLS_AT_ONCE = 2;
const CALL_TIMEOUT_NS = 60_000_000_000;
const PAUSE_MS = 1_000;

export interface ShardVerdict {
  readonly database: string;
  readonly collection: string;
  /** Undefined: the whole collection. */
  readonly shardIndex: number | undefined;
  readonly result: 'equal' | 'different' | 'unknown';
  readonly detail: string;
}

/**
 * Compares the shards by the trees of both sides. What differs or cannot be told is asked again until `timeoutMs` has
 * passed: a write on its way is no difference. Rejects when interrupted: half a comparison is none.
 */
export async function compareShards(
  masters: MasterClient,
  shards: readonly ShardSyncInfo[],
  timeoutMs: number,
  interrupted: AbortSignal,
): Promise<ShardVerdict[]> {
  const deadline = performance.now() + timeoutMs;
  const verdicts = await compareOnce(masters, shards, interrupted);
  while (performance.now() < deadline) {
    const open = verdicts.filter(({ result }) => result !== 'equal');
    if (open.length === 0) break;
    await sleep(PAUSE_MS);
    const again = await compareOnce(masters, open.map(refOf), interrupted);
    for (const verdict of again) verdicts[verdicts.findIndex((old) => keyOf(old) === keyOf(verdict))] = verdict;
  }
  return verdicts;
}

function refOf({
  database,
  collection,
  shardIndex,
}: {
  database: string;
  collection: string;
  shardIndex: number | undefined;
}): ShardRef {
  return { database, collection, shardIndex: shardIndex ?? 0 };
}

function keyOf(shard: { database: string; collection: string; shardIndex: number | undefined }): string {
  return JSON.stringify([shard.database, shard.collection, shard.shardIndex ?? 0]);
}

async function compareOnce(
  masters: MasterClient,
  shards: readonly { database: string; collection: string; shardIndex: number }[],
  interrupted: AbortSignal,
): Promise<ShardVerdict[]> {
  const groups = Array.from({ length: Math.ceil(shards.length / SHARDS_PER_CALL) }, (_, index) =>
    shards.slice(index * SHARDS_PER_CALL, (index + 1) * SHARDS_PER_CALL).map(refOf),
  );
  const verdicts: ShardVerdict[] = [];
  const lanes = Array.from({ length: CALLS_AT_ONCE }, async () => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      if (interrupted.aborted) throw new CommandFailed('interrupted before every shard was compared');
      verdicts.push(...(await compareGroup(masters, group)));
    }
  });
  await Promise.all(lanes);
  return verdicts;
}

async function compareGroup(masters: MasterClient, shards: ShardRef[]): Promise<ShardVerdict[]> {
  const body: ChecksumsRequest = { shards, timeout: CALL_TIMEOUT_NS };
  const { results } = await masters.ask({ method: 'POST', path: '/_api/sync/checksums', body }, ChecksumsAnswer);
  const byKey = new Map(results.map((result) => [keyOf(result.shard), result]));
  // A shard that the answer lacks was not compared: never taken for equal.
  return shards.map((shard) => verdictOf(shard, byKey.get(keyOf(shard))));
}

function verdictOf(shard: ShardRef, found: ShardChecksums | undefined): ShardVerdict {
  if (found === undefined) return { ...shard, result: 'unknown', detail: 'the masters gave no answer for this shard' };
  if ('error' in found) return { ...shard, result: 'unknown', detail: found.error };
  const [source, target] = found.checksums;
  if (source === target) return { ...shard, result: 'equal', detail: '' };
  return { ...shard, result: 'different', detail: `documents:tree ${source} on the source, ${target} on the target` };
}
