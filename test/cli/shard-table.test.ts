import { expect, test } from 'vitest';
import { formatBytes } from '../../cli/bytes.ts';
import { shardTable } from '../../cli/status/shard-table.ts';
import type { ShardSyncInfo } from '../../src/wire/sync-info.ts';

const shard = (collection: string, more: Partial<ShardSyncInfo> = {}): ShardSyncInfo => ({
  database: 'd',
  collection,
  shardIndex: 0,
  status: 'running',
  ...more,
});

/** Cells of the line about a collection, from Delay on. */
function cellsOf(lines: readonly string[], collection: string): string[] {
  const rows = lines.flatMap((line) => line.split('\n')).map((line) => line.trim().split(/\s{2,}/));
  return rows.find(([, name]) => name === collection)?.slice(4) ?? [];
}

test('how far a shard is behind: an age, or unknown, never a zero that nobody knows', () => {
  const here = [
    shard('known', { delay: 1_500_000_000, log_behind_bytes: 3 * 1_024 * 1_024 }),
    shard('unknown'),
    shard('zero', { delay: 0, log_behind_bytes: 0 }),
  ];
  const lines = shardTable(here, undefined, true);
  expect(cellsOf(lines, 'known').slice(0, 3)).toEqual(['1.5s', '~3.0 MiB', 'unknown']);
  expect(cellsOf(lines, 'unknown').slice(0, 3)).toEqual(['unknown', 'unknown', 'unknown']);
  expect(cellsOf(lines, 'zero').slice(0, 3)).toEqual(['0ms', '~0 B', 'unknown']);
});

test('how long the log is kept: by the word of the source, else by our own', () => {
  const until = '2026-01-01T00:00:00Z';
  const here = [
    shard('read'),
    shard('limited'),
    shard('lost'),
    shard('paused', { log_kept: { state: 'kept', until } }),
    shard('silent'),
  ];
  const there = [
    shard('read', { log_kept: { state: 'kept' } }),
    shard('limited', { log_kept: { state: 'kept', until } }),
    shard('lost', { log_kept: { state: 'released', message: 'too far behind' } }),
    shard('silent', { log_kept: { state: 'unknown', message: 'nobody reads it' } }),
  ];
  const lines = shardTable(here, there, true);
  const kept = (collection: string) => cellsOf(lines, collection)[2];
  expect(['read', 'limited', 'lost', 'paused', 'silent'].map(kept)).toEqual([
    'while read',
    `until ${until}`,
    'no',
    `until ${until}`,
    'unknown',
  ]);
});

test('bytes are told in the unit that reads well', () => {
  expect([0, 1_023, 1_024, 10_240, 1_610_612_736, 2 ** 50].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '10 KiB',
    '1.5 GiB',
    '1024 TiB',
  ]);
});
