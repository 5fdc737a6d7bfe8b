import { createHash } from 'node:crypto';
import type { Task } from '../domain/tasks/state.ts';
import type { ControlState } from '../projections/control-state.ts';
import { toNanoseconds } from '../wire/durations.ts';
import type { WireBarrier } from '../wire/outgoing.ts';
import type { RemoteQueue, WorkerInstructions, WorkerTask } from '../wire/worker.ts';

/** What the leader wants `workerId` to do. `remote` is how the source is reached; undefined while that is not known. */
export function instructionsFor(
  workerId: string,
  state: ControlState,
  deploymentId: string,
  remote: RemoteQueue | undefined,
  barrier?: WireBarrier,
  told: Pick<WorkerInstructions, 'configuration' | 'keyInUse'> = {},
): WorkerInstructions {
  const tasks = [...state.tasks.values()]
    .filter((task) => task.workerId === workerId)
    .map(workerTask)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const incoming = incomingOf(state, remote, barrier);
  const content = {
    term: state.leadership.term,
    deploymentId,
    ...told,
    messageTimeout: toNanoseconds(state.settings.messageTimeoutMs),
    ...(incoming === undefined ? {} : { incoming }),
    tasks: incoming === undefined ? tasks.filter(({ type }) => type.startsWith('send-')) : tasks,
  };
  return { ...content, version: createHash('sha256').update(JSON.stringify(content)).digest('base64url') };
}

function workerTask({ taskId, type, channels, peerId, shard }: Task): WorkerTask {
  return { id: taskId, type, channels, peerId, ...(shard === undefined ? {} : { shard }) };
}

function incomingOf(
  { synchronization }: ControlState,
  remote: RemoteQueue | undefined,
  barrier: WireBarrier | undefined,
): WorkerInstructions['incoming'] {
  const { phase, configuration, identity, confirmedDrops } = synchronization;
  if (phase !== 'active' || configuration === null || identity === null || remote === undefined) return undefined;
  return {
    epoch: configuration.epoch,
    sourceDeployment: identity.deploymentId,
    remote,
    confirmedDrops: [...confirmedDrops],
    ...(barrier?.ticks === undefined ? {} : { barrier: { epoch: barrier.epoch, ticks: barrier.ticks } }),
  };
}
