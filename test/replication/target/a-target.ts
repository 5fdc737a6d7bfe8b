import { TargetDirectory } from '../../../src/replication/target/directory.ts';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import type { TestTarget } from './harness.ts';
import { SOURCE_ID } from './scripted-source.ts';

/** One shard that follows one with trees, 1:1. */
export function shardTarget(more: Partial<ShardTarget> = {}): ShardTarget {
  const { shardName = 's2', leader = 'PRMR-1' } = more;
  return {
    database: 'd',
    collection: 'c',
    collectionId: '1',
    address: '1',
    shardIndex: 0,
    shardName,
    leader,
    shards: [{ name: shardName, leader }],
    isOneToOne: true,
    shardedByKey: true,
    uniqueIndexes: false,
    keepsRevisions: true,
    revisionOrder: true,
    mayMove: false,
    isBlank: false,
    sharding: { shards: 1, keys: ['_key'], strategy: 'hash' },
    note: '',
    source: undefined,
    ...more,
  };
}

/** Knows what is there, and nothing of the source. */
export function directoryOf({ deployment }: TestTarget, signal: AbortSignal): TargetDirectory {
  const followed = { source: async () => undefined };
  const environment = { now: Date.now };
  return new TargetDirectory({ deployment, followed, sourceDeployment: SOURCE_ID, environment, signal });
}
