import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { type Decision, decided, rejected } from '../decision.ts';
import type { Tasks } from '../tasks/state.ts';
import { unassignTasksOf } from '../tasks/unassign.ts';
import type { Worker, Workers } from './state.ts';

type Registration = Omit<EventData<'WorkerRegistered'>, 'serverId'>;

export interface RegisterWorker extends Registration {
  readonly kind: 'register-worker';
}
export interface DrainWorker {
  readonly kind: 'drain-worker';
  readonly workerId: string;
  readonly reason: string;
}
export interface RemoveWorker {
  readonly kind: 'remove-worker';
  readonly workerId: string;
  readonly reason: string;
}

/**
 * Registers a worker, renews it (no event), or takes its new data. Whoever held the same endpoint before under another
 * id is a process that has ended: it leaves, and its tasks are without a worker.
 */
export function registerWorker(state: Workers, tasks: Tasks, command: RegisterWorker): Decision {
  const { kind: _kind, ...wanted } = command;
  const known = state.byId.get(wanted.workerId);
  if (known !== undefined && isSame(known, wanted)) return decided();
  const ended = [...state.byId.values()].filter(
    (other) => other.endpoint === wanted.endpoint && other.workerId !== wanted.workerId,
  );
  const serverId = known?.serverId ?? state.highestServerId + 1;
  return decided(
    ...ended.flatMap(({ workerId }) => leave(tasks, workerId, `replaced by ${wanted.workerId} at ${wanted.endpoint}`)),
    { type: 'WorkerRegistered', data: { ...wanted, serverId } },
  );
}

/**
 * A worker is about to end: its tasks are taken from it at once, to be given to others when it has let them go. Asked
 * again it changes nothing.
 */
export function drainWorker(state: Workers, tasks: Tasks, { workerId, reason }: DrainWorker): Decision {
  const worker = state.byId.get(workerId);
  if (worker === undefined) return rejected(404, 'worker-unknown', `worker ${workerId} is not registered`);
  if (worker.leaving) return decided();
  return decided(
    { type: 'WorkerDraining', data: { workerId, reason } },
    ...unassignTasksOf(tasks, workerId, 'its worker is leaving'),
  );
}

/** A worker is gone: it leaves, and its tasks are without a worker until the next assignment. */
export function removeWorker(state: Workers, tasks: Tasks, { workerId, reason }: RemoveWorker): Decision {
  return state.byId.has(workerId) ? decided(...leave(tasks, workerId, reason)) : decided();
}

function leave(tasks: Tasks, workerId: string, reason: string): readonly NewEvent[] {
  return [...unassignTasksOf(tasks, workerId, reason), { type: 'WorkerLeft', data: { workerId, reason } }];
}

function isSame(known: Worker, wanted: Registration): boolean {
  return (
    known.endpoint === wanted.endpoint &&
    known.hostId === wanted.hostId &&
    known.dbServerAffinity === wanted.dbServerAffinity &&
    known.publicEndpoint === wanted.publicEndpoint
  );
}
