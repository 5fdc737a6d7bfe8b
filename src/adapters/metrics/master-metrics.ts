import { Counter, Gauge, type Registry } from 'prom-client';
import { overallStatus } from '../../domain/shards/overall-status.ts';
import type { Master } from '../../master/master.ts';
import type { MasterMetrics } from '../../master/ports.ts';
import type { InitialCopy } from '../../wire/sync-info.ts';

/** What the master counts; the first two names are those of the original, without `_total`. */
export function createMasterMetrics(registry: Registry): MasterMetrics {
  const registers = [registry];
  const registrations = new Counter({
    name: 'arangosync_master_worker_registrations',
    help: 'Total number of registrations',
    registers,
  });
  const storage = new Counter({
    name: 'arangosync_master_worker_storage',
    help: 'Number of times worker info is stored, loaded',
    labelNames: ['kind', 'op', 'result'],
    registers,
  });
  storage.inc({ kind: '', op: 'save', result: 'success' }, 0);
  return {
    workerRegistered: () => registrations.inc(),
    workerStored: (op, result) => storage.inc({ kind: '', op, result }),
  };
}

/** Figures read from the folded log when they are asked for. */
export function observeMaster(registry: Registry, master: Master): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `arangosync_master_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('leads', '1 while this master leads and is inside its lease', () => Number(master.leads));
  gauge('term', 'Term of the leadership, as this master knows it', () => master.state.leadership.term);
  gauge('log_position', 'Position of the newest event that this master knows', () => master.position);
  gauge('workers', 'Registered workers', () => master.state.workers.byId.size);
  gauge('tasks', 'Tasks', () => master.state.tasks.size);
  gauge('tasks_unassigned', 'Tasks without a worker', () => unassigned(master));
  new Gauge({
    name: 'arangosync_master_shards',
    help: 'Shards that are received, by status',
    labelNames: ['status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { status } of master.state.shards.byKey.values()) this.inc({ status });
    },
  });
  const copy = (name: string, help: string, read: (copy: InitialCopy) => number | undefined) =>
    new Gauge({
      name: `arangosync_master_initial_copy_${name}`,
      help: `${help}; nothing while no shard is copied, and on masters that do not lead`,
      registers: [registry],
      collect() {
        const info = master.sync.info('short').initial_copy;
        const value = info === undefined ? undefined : read(info);
        this.reset();
        this.set(value ?? Number.NaN);
      },
    });
  copy('shards', 'Shards that are copied, were or wait to be', ({ shards }) => shards);
  copy('shards_done', 'Those of them that are done', (info) => info.shards_done);
  copy('documents', 'Documents that were copied', (info) => info.documents_copied);
  copy(
    'documents_expected',
    'Documents that are to be copied, as far as it is known',
    (info) => info.documents_expected,
  );
  copy('documents_per_second', 'Documents that are copied in a second', (info) => info.documents_per_second);
  copy('bytes_per_second', 'Bytes that are copied in a second', (info) => info.bytes_per_second);
  copy('remaining_seconds', 'Time left, when it can be told', (info) => info.remaining_seconds);
  gauge('shards_different', 'Shards that are known to differ from the source', () => differences(master));
  gauge('verified_shards', 'Shards of the last comparison of all with the source', () => lastPass(master)?.shards ?? 0);
  gauge('verified_shards_unknown', 'Shards that it could not compare', () => lastPass(master)?.unknown ?? 0);
  gauge('verified_timestamp_seconds', 'When it ended, in seconds since 1970; 0 before the first', () => {
    const at = lastPass(master)?.at;
    return at === undefined ? 0 : Date.parse(at) / 1_000;
  });
  gauge('receiving', '1 while every shard that is received runs', () => Number(allRun(master)));
}

function unassigned(master: Master): number {
  return [...master.state.tasks.values()].filter(({ workerId }) => workerId === null).length;
}

function differences({ state }: Master): number {
  return state.verification.differences.size;
}

function lastPass({ state }: Master): Master['state']['verification']['lastPass'] {
  return state.verification.lastPass;
}

function allRun({ state }: Master): boolean {
  const { synchronization, shards } = state;
  const statuses = [...shards.byKey.values()].map(({ status }) => status);
  return synchronization.phase === 'active' && shards.reported && overallStatus(statuses) === 'running';
}
