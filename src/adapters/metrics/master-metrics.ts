import { Counter, Gauge, type Registry } from 'prom-client';
import { overallStatus } from '../../domain/shards/overall-status.ts';
import type { Master } from '../../master/master.ts';
import type { MasterMetrics } from '../../master/ports.ts';

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
  gauge('receiving', '1 while every shard that is received runs', () => Number(allRun(master)));
}

function unassigned(master: Master): number {
  return [...master.state.tasks.values()].filter(({ workerId }) => workerId === null).length;
}

function allRun({ state }: Master): boolean {
  const { synchronization, shards } = state;
  const statuses = [...shards.byKey.values()].map(({ status }) => status);
  return synchronization.phase === 'active' && shards.reported && overallStatus(statuses) === 'running';
}
