import type { ChecksumTree, ShardChecksums, SideChecksum } from '../../wire/checksums.ts';
import type { ShardRef } from '../../wire/shards.ts';

/** Joins the two sides shard by shard: a side that lacks a shard or cannot answer makes it an error. */
export function joinSides(
  shards: readonly ShardRef[],
  source: readonly SideChecksum[],
  target: readonly SideChecksum[],
): ShardChecksums[] {
  const bySource = byShard(source);
  const byTarget = byShard(target);
  return shards.map((shard) => {
    const left = bySource.get(keyOf(shard));
    const right = byTarget.get(keyOf(shard));
    const error = errorOf('source', left) ?? errorOf('target', right);
    const missing = isMissing(left) || isMissing(right);
    if (error !== undefined) return { shard, error, ...(missing ? { missing } : {}) };
    if (left === undefined || right === undefined || 'error' in left || 'error' in right) {
      throw new Error('a checksum without error must be there on both sides');
    }
    return { shard, checksums: [left.checksum, right.checksum] };
  });
}

/** The answer for one shard; one entry per datacenter. */
export function checksumTree(shard: ShardRef, checksums: readonly string[]): ChecksumTree {
  const entries = checksums.map((checksum) => ({ checksum }));
  return {
    databases: {
      [shard.database]: { collections: { [shard.collection]: { shards: { [shard.shardIndex]: entries } } } },
    },
  };
}

function byShard(side: readonly SideChecksum[]): ReadonlyMap<string, SideChecksum> {
  return new Map(side.map((entry) => [keyOf(entry.shard), entry]));
}

function errorOf(name: 'source' | 'target', side: SideChecksum | undefined): string | undefined {
  if (side === undefined) return `the ${name} did not answer for this shard`;
  return 'error' in side ? `${name}: ${side.error}` : undefined;
}

function isMissing(side: SideChecksum | undefined): boolean {
  return side !== undefined && 'error' in side && side.missing === true;
}

function keyOf(shard: ShardRef): string {
  return JSON.stringify([shard.database, shard.collection, shard.shardIndex]);
}
