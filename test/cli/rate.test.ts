import { describe, expect, it } from 'vitest';
import { formatBytes, formatRate, parseRate } from '../../cli/rate.ts';
import { copyLine, formatCount, shardCopyText } from '../../cli/status/copy-line.ts';
import { throttleLine } from '../../cli/status/throttle-line.ts';

describe('a limit as it is written', () => {
  it.each([
    ['50MiB/s', { bytesPerSecond: 50 * 1024 ** 2 }],
    ['50MiB', { bytesPerSecond: 50 * 1024 ** 2 }],
    ['1.5GB/s', { bytesPerSecond: 1_500_000_000 }],
    ['20000ops/s', { operationsPerSecond: 20_000 }],
    ['64KiB/s, 100ops', { bytesPerSecond: 65_536, operationsPerSecond: 100 }],
    ['0MiB/s', { bytesPerSecond: null }],
    ['0ops/s', { operationsPerSecond: null }],
    ['none', { bytesPerSecond: null, operationsPerSecond: null }],
    ['0', { bytesPerSecond: null, operationsPerSecond: null }],
  ])('%s', (text, rate) => {
    expect(parseRate(text)).toEqual(rate);
  });

  it.each(['50', '50mib/s', '-1MiB/s', '1.5ops/s', 'MiB/s', '', '1MiB/s,', '50MiB/m'])('%j is none', (text) => {
    expect(() => parseRate(text)).toThrow('must be such as 50MiB/s');
  });

  it('and as it is shown', () => {
    expect(formatRate({ bytesPerSecond: 50 * 1024 ** 2, operationsPerSecond: 20_000 })).toBe(
      '50 MiB/s and 20,000 operations/s',
    );
    expect(formatRate({ bytesPerSecond: null, operationsPerSecond: null })).toBe('none');
    expect([999, 1_536, 10 * 1024, 1.5 * 1024 ** 3].map(formatBytes)).toEqual([
      '999 bytes',
      '1.5 KiB',
      '10 KiB',
      '1.5 GiB',
    ]);
  });
});

describe('the line of the status', () => {
  const copy = {
    shards: 12,
    shards_done: 3,
    shards_copying: 9,
    documents_copied: 1_200_000,
    documents_expected: 4_500_000,
    documents_expected_complete: true,
    bytes_copied: 0,
    documents_per_second: 12_300,
    bytes_per_second: 5 * 1024 ** 2,
    remaining_seconds: 268,
  };

  it('about the copies of all shards', () => {
    expect(copyLine(copy)).toBe(
      'Initial copy: 3 of 12 shards, 1.2 M of 4.5 M documents, 12,300/s (5 MiB/s), about 4 min left',
    );
    const { remaining_seconds: _, ...unknown } = { ...copy, documents_expected_complete: false };
    expect(copyLine(unknown)).toBe(
      'Initial copy: 3 of 12 shards, 1.2 M of at least 4.5 M documents, 12,300/s (5 MiB/s), time left unknown',
    );
    expect([987, 12_300, 123_456_789, 2_500_000_000].map(formatCount)).toEqual(['987', '12,300', '123 M', '2.5 G']);
  });

  it('about the copy of one', () => {
    const shard = { database: 'd', collection: 'c', shardIndex: 0, status: 'initial-sync' } as const;
    expect(shardCopyText(shard)).toBe('');
    expect(shardCopyText({ ...shard, copy: { bytes: 2_048 } })).toBe('2 KiB');
    const known = { bytes: 0, documents_per_second: 10, bytes_per_second: 100, remaining_seconds: 30 };
    expect(shardCopyText({ ...shard, copy: known })).toBe('10/s (100 bytes/s), about 30 s left');
  });

  it('about the limits that there are', () => {
    const none = { bytesPerSecond: null, operationsPerSecond: null, workers: 2 };
    const some = { ...none, operationsPerSecond: 500 };
    expect(throttleLine({ sourceRead: none, link: some, targetWrite: none })).toBe('Limits: link 500 operations/s');
  });
});
