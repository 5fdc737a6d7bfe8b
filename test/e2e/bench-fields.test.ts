import { describe, expect, test } from 'vitest';
import { runBench } from '../bench/run-bench.ts';

const TIMEOUT_MS = 240_000;
const QUICK = ['--seconds=0.5', '--rounds=1'];
const RATES = ['docs_per_s', 'mib_per_s', 'ratio_min', 'ratio_max'];
const LAGS = ['lag_p50_ms', 'lag_p99_ms', 'lag_reported_p50_ms', 'lag_reported_p99_ms', 'lag_understated_ms'];

/** Their figures mean nothing at these sizes; that they are there, and that a turn comes to its end, does. */
describe('benchmarks tell in JSON', () => {
  test.each([
    [
      ['stream', '--shards=2', ...QUICK],
      'shards=2',
      [
        ...RATES,
        ...LAGS,
        'raw_docs_per_s',
        'ratio_to_raw',
        'cpu_us_per_doc',
        'raw_cpu_us_per_doc',
        'read_per_written',
        'read_per_logged',
      ],
    ],
    [
      ['stream', '--shards=2', '--rtt=20', '--loss=1', ...QUICK],
      'shards=2 rtt=20 loss=1',
      [...RATES, ...LAGS, 'loopback_docs_per_s', 'ratio_to_loopback', 'link_mib_per_s'],
    ],
    [
      ['copy', '--shards=2', '--mib=4', '--rounds=1'],
      'shards=2 mib=4',
      [...RATES, 'raw_docs_per_s', 'ratio_to_raw', 'seconds', 'read_per_written'],
    ],
    [
      ['shards', '--shards=3', '--rate=400', ...QUICK],
      'shards=3 rate=400',
      [...RATES, 'raw_docs_per_s', 'ratio_to_raw', 'read_per_written', 'read_per_logged'],
    ],
    [
      ['difference', '--documents=2000'],
      '2000 documents, 1000 changed',
      ['docs_moved', 'bytes_to_full_copy', 'mib', 'seconds', 'seconds_to_full_copy', 'full_copy_seconds'],
    ],
    [
      ['check', '--shards=4'],
      '4 shards',
      ['seconds', 'raw_seconds', 'ratio_to_raw', 'writing_seconds', 'deep_seconds'],
    ],
    [['stall', '--only=stalled', '--mib=8'], 'stalled, 8 MiB wait', ['rss_mib', 'descriptors', 'source_rss_mib']],
  ])(
    '%j',
    async (argv, name, fields) => {
      const figures = (await runBench(...argv)).get(name) ?? {};
      expect(Object.keys(figures)).toEqual(expect.arrayContaining(fields));
      expect(Object.values(figures).every(Number.isFinite)).toBe(true);
    },
    TIMEOUT_MS,
  );
});
