import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { type Decision, decided, rejected } from '../decision.ts';
import { type HandOver, type MayWrite, uncleanHandOver } from '../suspects/hand-over.ts';
import type { Tasks } from '../tasks/state.ts';
import { unassignTasksOf } from '../tasks/unassign.ts';
import type { Worker, Workers } from './state.ts';

type Registration = Omit<EventData<'WorkerRegistered'>, 'serverId'>;

export interface RegisterWorker extends Registration {
  readonly kind: 'register-worker';
  /** Of workers that this one replaces (S4); default: nothing beside their tasks. */
  readonly mayWrite?: ReadonlyMap<string, MayWrite>;
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
  /** It stopped its tasks, and knows the outcome of all that it wrote. */
  readonly signedOff?: boolean;
  /** Otherwise: what it may still be writing (S4); default: nothing beside its tasks. */
  readonly mayWrite?: MayWrite;
}

/**
 * Registers a worker, renews it (no event), or takes its new data. Whoever held the same endpoint before under another
 * id is a process that has ended: it leaves, and its tasks are without a worker.
 */
export function registerWorker(state: Workers, before: HandOver, command: RegisterWorker): Decision {
  const { kind: _kind, mayWrite, ...wanted } = command;
  const known = state.byId.get(wanted.workerId);
  if (known !== undefined && isSame(known, wanted)) return decided();
  const ended = [...state.byId.values()].filter(
    (other) => other.endpoint === wanted.endpoint && other.workerId !== wanted.workerId,
  );
  const serverId = known?.serverId ?? state.highestServerId + 1;
  return decided(
    ...ended.flatMap(({ workerId }) => {
      const reason = `replaced by ${wanted.workerId} at ${wanted.endpoint}`;
      return leave(
        before,
        workerId,
        reason,
        uncleanHandOver(before, workerId, mayWrite?.get(workerId) ?? [], `was ${reason}`),
      );
    }),
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

/**
 * A worker is gone: it leaves, and its tasks are without a worker until the next assignment. Unless it signed off, the
 * shards that it received are suspect from the same commit on (S4).
 */
export function removeWorker(state: Workers, before: HandOver, command: RemoveWorker): Decision {
  const { workerId, reason, signedOff = false, mayWrite = [] } = command;
  if (!state.byId.has(workerId)) return decided();
  const suspicion = signedOff ? [] : uncleanHandOver(before, workerId, mayWrite, reason);
  return decided(...leave(before, workerId, reason, suspicion));
}

function leave(
  { tasks }: HandOver,
  workerId: string,
  reason: string,
  suspicion: readonly NewEvent[],
): readonly NewEvent[] {
  const left: NewEvent = { type: 'WorkerLeft', data: { workerId, reason } };
  return [...suspicion, ...unassignTasksOf(tasks, workerId, reason), left];
}

function isSame(known: Worker, wanted: Registration): boolean {
  return (
    known.endpoint === wanted.endpoint &&
    known.hostId === wanted.hostId &&
    known.dbServerAffinity === wanted.dbServerAffinity &&
    known.publicEndpoint === wanted.publicEndpoint
  );
}
