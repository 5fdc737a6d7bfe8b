import { Gauge, Histogram, type Registry } from 'prom-client';
import type { ServerLag } from '../../replication/target/server-lags.ts';

const SERVER = ['db_server'] as const;
const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600];

/**
 * How far the shards that a worker receives are behind, one series per DB-Server of the source: never one per shard. A lag
 * that is unknown is counted, and is no zero.
 */
export class LagMetrics {
  readonly #shards: Gauge<'db_server'>;
  readonly #unknown: Gauge<'db_server'>;
  readonly #largest: Gauge<'db_server'>;
  readonly #behind: Gauge<'db_server'>;
  readonly #distribution: Histogram<'db_server'>;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string) =>
      new Gauge({ name: `arangosync_worker_${name}`, help, labelNames: SERVER, registers: [registry] });
    this.#shards = gauge('received_shards', "Shards received, by the source's DB-Server");
    this.#unknown = gauge(
      'received_shards_lag_unknown',
      'Shards received of which nobody knows how far they are behind',
    );
    this.#largest = gauge('lag_seconds_max', 'Largest lag of a shard received');
    this.#behind = gauge('log_behind_bytes_max', "Estimate of the source's log that one of the shards has not applied");
    this.#distribution = new Histogram({
      name: 'arangosync_worker_lag_seconds',
      help: 'Largest lag of the shards received, looked at about once a second',
      labelNames: SERVER,
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    });
  }

  /** The lags of this moment: what is not among them is followed no longer. */
  told(lags: readonly ServerLag[]): void {
    for (const gauge of [this.#shards, this.#unknown, this.#largest, this.#behind]) gauge.reset();
    for (const { dbServer, shards, unknown, ageMsMax, behindBytesMax } of lags) {
      const labels = { db_server: dbServer };
      this.#shards.set(labels, shards);
      this.#unknown.set(labels, unknown);
      if (behindBytesMax !== undefined) this.#behind.set(labels, behindBytesMax);
      if (ageMsMax === undefined) continue;
      this.#largest.set(labels, ageMsMax / 1_000);
      this.#distribution.observe(labels, ageMsMax / 1_000);
    }
  }
}
