import { shardKey } from '../../events/types/parts.ts';
import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { byText } from '../collections.ts';
import { type Context, type Decision, decided } from '../decision.ts';
import type { Outgoing } from '../outgoing/state.ts';
import type { IncomingShards } from '../shards/state.ts';
import { heldBackBy } from '../synchronization/receiving.ts';
import type { Synchronization } from '../synchronization/state.ts';
import type { Tasks } from './state.ts';

/** A task that should be, before it has an id. */
export type WantedTask = Omit<EventData<'TasksCreated'>['tasks'][number], 'taskId'>;

export interface ReconcileTasks {
  readonly kind: 'reconcile-tasks';
}

/**
 * The tasks that follow from what is to be synchronized: one for the inventory and one per shard, for the source that is
 * followed and for every target. None for an incoming synchronization that failed, is being cancelled, or is held back.
 */
export function wantedTasks(sync: Synchronization, shards: IncomingShards, outgoing: Outgoing): readonly WantedTask[] {
  const received = heldBackBy(sync, outgoing) === undefined ? receiveTasks(sync, shards) : [];
  return [...received, ...sendTasks(outgoing)];
}

/** Creates what is wanted and missing, removes what is there and not wanted; running it twice changes nothing. */
export function reconcileTasks(tasks: Tasks, wanted: readonly WantedTask[], context: Context): Decision {
  const wantedByIdentity = new Map(wanted.map((task) => [identityOf(task), task]));
  const kept = new Set<string>();
  const removed: string[] = [];
  for (const task of [...tasks.values()].sort((a, b) => byText(a.taskId, b.taskId))) {
    const identity = identityOf(task);
    if (wantedByIdentity.has(identity) && !kept.has(identity)) kept.add(identity);
    else removed.push(task.taskId);
  }
  const created = [...wantedByIdentity]
    .filter(([identity]) => !kept.has(identity))
    .map(([, task]) => ({ ...task, taskId: context.newId() }));
  const events: NewEvent[] = [];
  if (removed.length > 0) events.push({ type: 'TasksRemoved', data: { taskIds: removed, reason: 'no longer wanted' } });
  if (created.length > 0) events.push({ type: 'TasksCreated', data: { tasks: created } });
  return decided(...events);
}

function receiveTasks(sync: Synchronization, shards: IncomingShards): WantedTask[] {
  const { phase, configuration, identity } = sync;
  if (phase !== 'active' || configuration === null || identity === null) return [];
  const peerId = identity.deploymentId;
  return [
    { type: 'receive-inventory', peerId, channels: { data: configuration.inventoryChannel } },
    ...[...shards.byKey.values()].map(
      ({ shard, channels }): WantedTask => ({ type: 'receive-shard', peerId, channels, shard }),
    ),
  ];
}

function sendTasks(outgoing: Outgoing): WantedTask[] {
  return [...outgoing.values()].flatMap(({ targetId: peerId, inventoryChannel, shards }) => [
    { type: 'send-inventory', peerId, channels: { data: inventoryChannel } } satisfies WantedTask,
    ...[...shards.values()].map(({ shard, channels }): WantedTask => ({ type: 'send-shard', peerId, channels, shard })),
  ]);
}

/** What makes two tasks the same task: other channels are another task, so that a reset begins anew. */
function identityOf({ type, peerId, channels, shard }: WantedTask): string {
  const which = shard === undefined ? null : shardKey(shard);
  return JSON.stringify([type, peerId, which, channels.data, channels.control ?? null]);
}
