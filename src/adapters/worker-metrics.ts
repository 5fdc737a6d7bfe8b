import { Gauge, type Registry } from 'prom-client';
import type { WorkerStatus } from '../worker/worker.ts';

export interface WorkerFigures {
  readonly status: () => WorkerStatus;
  readonly links: () => number;
  readonly linkBufferedBytes: () => number;
  readonly databaseBytesRead: () => number;
}

/** Figures of a worker, read when they are asked for. */
export function registerWorkerMetrics(registry: Registry, figures: WorkerFigures): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `arangosync_worker_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('registered', '1 while the leader knows this worker and its lease lasts', () =>
    Number(figures.status().registered),
  );
  gauge('lease_seconds', 'Time left until this worker stops its tasks', () => figures.status().leaseMs / 1000);
  gauge('tasks', 'Tasks this worker was told to run', () => figures.status().tasks);
  gauge('links', 'Open links to workers of targets', figures.links);
  gauge('database_bytes_read', 'Bytes of answers read from the database since the start', figures.databaseBytesRead);
  gauge('link_buffered_bytes', 'Bytes sent over links and not yet acknowledged', figures.linkBufferedBytes);
}
