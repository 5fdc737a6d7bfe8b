import { createHash } from 'node:crypto';
import type { Suspect, Suspects } from '../domain/suspects/state.ts';
import type { Task } from '../domain/tasks/state.ts';
import { shardKey } from '../events/types/parts.ts';
import type { ControlState } from '../projections/control-state.ts';
import { toNanoseconds } from '../wire/durations.ts';
import type { WireBarrier } from '../wire/outgoing.ts';
import type { RemoteQueue, WorkerInstructions, WorkerTask } from '../wire/worker.ts';

/** What instructions follow from beside the log. */
export interface Present {
  readonly barrier?: WireBarrier | undefined;
  /** Whether nothing doubtful can land at the shard any more (S4). */
  readonly isQuiet?: (suspect: Suspect) => boolean;
}

/** What the leader wants `workerId` to do. `remote` is how the source is reached; undefined while that is not known. */
export function instructionsFor(
  workerId: string,
  state: ControlState,
  deploymentId: string,
  remote: RemoteQueue | undefined,
  { barrier, isQuiet = () => false }: Present = {},
): WorkerInstructions {
  const tasks = [...state.tasks.values()]
    .filter((task) => task.workerId === workerId)
    .map((task) => workerTask(task, state.suspects, isQuiet))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const incoming = incomingOf(state, remote, barrier);
  const content = {
    term: state.leadership.term,
    deploymentId,
    messageTimeout: toNanoseconds(state.settings.messageTimeoutMs),
    ...(incoming === undefined ? {} : { incoming }),
    tasks: incoming === undefined ? tasks.filter(({ type }) => type.startsWith('send-')) : tasks,
  };
  return { ...content, version: createHash('sha256').update(JSON.stringify(content)).digest('base64url') };
}

function workerTask(
  { taskId, type, channels, peerId, shard }: Task,
  suspects: Suspects,
  isQuiet: (suspect: Suspect) => boolean,
): WorkerTask {
  const task = { id: taskId, type, channels, peerId };
  if (shard === undefined) return task;
  const suspect = type === 'receive-shard' && suspects.size > 0 ? suspects.get(shardKey(shard)) : undefined;
  return { ...task, shard, ...(suspect !== undefined && isQuiet(suspect) ? { suspicion: suspect.position } : {}) };
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
