import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { LagMetrics } from '../../../src/adapters/metrics/lag-metrics.ts';

it('lag is told by DB-Server, what is unknown is counted and no zero, and what ended is gone', async () => {
  const registry = new Registry();
  const metrics = new LagMetrics(registry);
  metrics.told([
    { dbServer: 'A', shards: 3, unknown: 1, ageMsMax: 1_500, behindBytesMax: 70 },
    { dbServer: 'B', shards: 2, unknown: 2, ageMsMax: undefined, behindBytesMax: undefined },
  ]);
  const text = await registry.metrics();
  expect(text).toContain('arangosync_worker_received_shards{db_server="A"} 3');
  expect(text).toContain('arangosync_worker_received_shards_lag_unknown{db_server="B"} 2');
  expect(text).toContain('arangosync_worker_lag_seconds_max{db_server="A"} 1.5');
  expect(text).not.toContain('arangosync_worker_lag_seconds_max{db_server="B"}');
  expect(text).toContain('arangosync_worker_log_behind_bytes_max{db_server="A"} 70');
  expect(text).toContain('arangosync_worker_lag_seconds_bucket{le="2.5",db_server="A"} 1');
  expect(text).toContain('arangosync_worker_lag_seconds_bucket{le="1",db_server="A"} 0');
  metrics.told([]);
  expect(await registry.metrics()).not.toContain('arangosync_worker_received_shards{');
});
