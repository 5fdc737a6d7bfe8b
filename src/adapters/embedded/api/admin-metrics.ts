import type { ServerProcess } from '../http/contract.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly value: number;
}

/** A few of the server's metrics as Prometheus text: those that operators of a replication look at. */
export function metricsText(server: ServerProcess): string {
  return metricsOf(server)
    .map(({ name, help, type, value }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}

function metricsOf(server: ServerProcess): Metric[] {
  const { storageIfAny, deployment, startedAt } = server;
  const metrics: Metric[] = [
    gauge(
      'arangodb_server_statistics_server_uptime_total',
      'Seconds since the start',
      (deployment.environment.now() - startedAt) / 1000,
    ),
    gauge('arangodb_process_statistics_resident_set_size', 'Resident memory in bytes', process.memoryUsage.rss()),
  ];
  if (storageIfAny === undefined) return metrics;
  const collections = storageIfAny.databases().flatMap((database) => [...database.collections()]);
  const documents = collections.reduce((sum, collection) => sum + collection.count(), 0);
  const size = collections.reduce((sum, collection) => sum + collection.documentBytes, 0);
  metrics.push(
    gauge('rocksdb_total_sst_files_size', 'Bytes of all documents', size),
    gauge('rocksdb_wal_sequence', 'Newest tick of the log', storageIfAny.lastTick),
    gauge('arangodb_collection_documents', 'Documents of all collections or shards', documents),
    gauge('arangodb_shards_number', 'Collections or shards on this server', collections.length),
  );
  return metrics;
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: 'gauge', value };
}
