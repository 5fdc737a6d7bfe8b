import { describe, expect, it } from 'vitest';
import { ShardProgress } from '../../../src/replication/target/shard-progress.ts';

const shard = { database: 'd', collection: 'c', shardIndex: 0 };

function changeOf(progress: ShardProgress): string | undefined {
  return progress.report('t', shard, 0).lastShardMasterChange;
}

describe('what a shard reports of its leader', () => {
  it('is the time at which another one was found, and nothing before there was one', () => {
    const progress = new ShardProgress();
    expect(changeOf(progress)).toBeUndefined();
    progress.ledBy('PRMR-1', 1_000);
    progress.ledBy('PRMR-1', 2_000);
    expect(changeOf(progress)).toBe('1970-01-01T00:00:01.000Z');
    progress.ledBy('PRMR-2', 3_000);
    expect(changeOf(progress)).toBe('1970-01-01T00:00:03.000Z');
  });
});
