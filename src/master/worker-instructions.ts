import { createHash } from 'node:crypto';
import { heldBackBy } from '../domain/synchronization/receiving.ts';
import type { ControlState } from '../projections/control-state.ts';
import { toNanoseconds } from '../wire/durations.ts';
import type { WireBarrier } from '../wire/outgoing.ts';
import type { RemoteQueue, WorkerInstructions } from '../wire/worker.ts';
import type { TaskList } from './task-lists.ts';

/** What the leader wants the worker with these tasks to do. `remote` is how the source is reached; undefined while that is not known. */
export function instructionsFor(
  list: TaskList,
  state: ControlState,
  deploymentId: string,
  remote: RemoteQueue | undefined,
  barrier?: WireBarrier,
): WorkerInstructions {
  const incoming = incomingOf(state, remote, barrier);
  const content = {
    term: state.leadership.term,
    deploymentId,
    messageTimeout: toNanoseconds(state.settings.messageTimeoutMs),
    ...(incoming === undefined ? {} : { incoming }),
  };
  const tasks = incoming === undefined ? list.sent : list.all;
  const text = JSON.stringify({ ...content, tasks: tasks.digest });
  return { ...content, tasks: [...tasks.tasks], version: createHash('sha256').update(text).digest('base64url') };
}

function incomingOf(
  { synchronization, outgoing }: ControlState,
  remote: RemoteQueue | undefined,
  barrier: WireBarrier | undefined,
): WorkerInstructions['incoming'] {
  const { phase, configuration, identity, confirmedDrops } = synchronization;
  // Without it a worker ends what it receives, and stores where it stands before.
  if (heldBackBy(synchronization, outgoing) !== undefined) return undefined;
  if (phase !== 'active' || configuration === null || identity === null || remote === undefined) return undefined;
  return {
    epoch: configuration.epoch,
    sourceDeployment: identity.deploymentId,
    remote,
    confirmedDrops: [...confirmedDrops],
    ...(barrier?.ticks === undefined ? {} : { barrier: { epoch: barrier.epoch, ticks: barrier.ticks } }),
  };
}
