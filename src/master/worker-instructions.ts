import { createHash } from 'node:crypto';
import type { Suspect, Suspects } from '../domain/suspects/state.ts';
import { heldBackBy } from '../domain/synchronization/receiving.ts';
import { shardKey } from '../events/types/parts.ts';
import type { ControlState } from '../projections/control-state.ts';
import { toNanoseconds } from '../wire/durations.ts';
import type { WireBarrier } from '../wire/outgoing.ts';
import type { RemoteQueue, WorkerInstructions, WorkerTask } from '../wire/worker.ts';
import { toWire } from './structure/plan-selection.ts';
import type { TaskList } from './task-lists.ts';
import { shareOf, sharersOf } from './throttle-shares.ts';

/** What instructions follow from beside the log. */
export interface Present {
  readonly barrier?: WireBarrier | undefined;
  /** Whether nothing doubtful can land at the shard any more (S4). */
  readonly isQuiet?: (suspect: Suspect) => boolean;
  /** What it is to notice besides: another configuration to ask for, the key that the log is written under. */
  readonly told?: Pick<WorkerInstructions, 'configuration' | 'keyInUse' | 'comparing'>;
}

/** What the leader wants the worker with these tasks to do. `remote` is how the source is reached; undefined while that is not known. */
export function instructionsFor(
  list: TaskList,
  state: ControlState,
  deploymentId: string,
  remote: RemoteQueue | undefined,
  { barrier, isQuiet = () => false, told = {} }: Present = {},
): WorkerInstructions {
  const incoming = incomingOf(state, remote, barrier);
  const throttle = shareOf(state.settings.throttle, sharersOf(state.tasks));
  const content = {
    term: state.leadership.term,
    deploymentId,
    ...told,
    messageTimeout: toNanoseconds(state.settings.messageTimeoutMs),
    ...(throttle === undefined ? {} : { throttle }),
    ...(incoming === undefined ? {} : { incoming }),
  };
  const { tasks, digest } = incoming === undefined ? list.sent : list.all;
  const suspicions = suspicionsOf(tasks, state.suspects, isQuiet);
  const text = JSON.stringify({
    ...content,
    tasks: digest,
    ...(suspicions.size > 0 && { suspicions: [...suspicions] }),
  });
  return {
    ...content,
    tasks: suspicions.size === 0 ? [...tasks] : tasks.map((task) => withSuspicion(task, suspicions.get(task.id))),
    version: createHash('sha256').update(text).digest('base64url'),
  };
}

/** By task: which suspicion of its shard is to be looked into, now that its quiet time is over. */
function suspicionsOf(
  tasks: readonly WorkerTask[],
  suspects: Suspects,
  isQuiet: (suspect: Suspect) => boolean,
): ReadonlyMap<string, number> {
  if (suspects.size === 0) return new Map();
  return new Map(
    tasks.flatMap(({ id, type, shard }) => {
      const suspect = type === 'receive-shard' && shard !== undefined ? suspects.get(shardKey(shard)) : undefined;
      return suspect !== undefined && isQuiet(suspect) ? [[id, suspect.position] as const] : [];
    }),
  );
}

function withSuspicion(task: WorkerTask, suspicion: number | undefined): WorkerTask {
  return suspicion === undefined ? task : { ...task, suspicion };
}

function incomingOf(
  { synchronization, outgoing, settings }: ControlState,
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
    ...(configuration.equalAtStart === true ? { equalAtStart: true } : {}),
    ...(configuration.selection === undefined ? {} : { selection: toWire(configuration.selection) }),
    selectionVersion: configuration.selectionVersion,
    ...boundsOf(settings),
    ...(settings.excludeRootUser ? { excludeRootUser: true } : {}),
    ...(barrier?.ticks === undefined ? {} : { barrier: { epoch: barrier.epoch, ticks: barrier.ticks } }),
  };
}

function boundsOf({ replicationFactor = {} }: ControlState['settings']) {
  return Object.keys(replicationFactor).length === 0 ? {} : { replicationFactor: { ...replicationFactor } };
}
