import { type ShardRef, type SyncStatus, shardKey, type Way } from '../../events/types/parts.ts';
import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { byText } from '../collections.ts';
import { type Decision, decided } from '../decision.ts';
import type { Outgoing } from '../outgoing/state.ts';
import type { Task, Tasks } from '../tasks/state.ts';
import type { IncomingShards, Shard, Shards } from './state.ts';

/** One shard as the worker that runs its task sees it: the part of `ShardReport` of `wire/worker.ts` that is no telemetry. */
export interface ReportedShard {
  readonly taskId: string;
  readonly shard: ShardRef;
  readonly status: SyncStatus;
  readonly statusMessage: string;
  readonly way: Way;
  readonly reason: string;
}

/** `PUT /_api/worker/{id}/report`. */
export interface ReportShards {
  readonly kind: 'report-shards';
  readonly workerId: string;
  readonly shards: readonly ReportedShard[];
}

type Change = EventData<'ShardStatesChanged'>['changes'][number];

/**
 * Records the real transitions in a report, one event per side (S20). What a worker says of a task that it does not
 * hold (any more) is overlooked: the report of its holder counts.
 */
export function reportShards(
  incoming: IncomingShards,
  outgoing: Outgoing,
  tasks: Tasks,
  { workerId, shards }: ReportShards,
): Decision {
  const received = new Map<string, Change>();
  const sent = new Map<string, Map<string, Change>>();
  for (const report of shards) {
    const task = tasks.get(report.taskId);
    if (task === undefined || !holds(task, workerId, report.shard)) continue;
    if (task.type === 'receive-shard') addChange(received, incoming.byKey, report);
    if (task.type === 'send-shard') {
      const changes = sent.get(task.peerId) ?? new Map<string, Change>();
      sent.set(task.peerId, changes);
      addChange(changes, outgoing.get(task.peerId)?.shards ?? new Map(), report);
    }
  }
  return decided(
    ...changed(received),
    ...[...sent].sort(([a], [b]) => byText(a, b)).flatMap(([targetId, changes]) => changed(changes, targetId)),
  );
}

function holds(task: Task, workerId: string, shard: ShardRef): boolean {
  return task.workerId === workerId && task.shard !== undefined && shardKey(task.shard) === shardKey(shard);
}

function addChange(changes: Map<string, Change>, shards: Shards, report: ReportedShard): void {
  const key = shardKey(report.shard);
  const known = shards.get(key);
  if (known === undefined) return;
  const change = changeOf(report, known.shard);
  if (isTransition(known, change)) changes.set(key, change);
  else changes.delete(key);
}

/** The message of a shard that runs is telemetry: only a failure's message is kept. */
function changeOf({ status, statusMessage, way, reason }: ReportedShard, shard: ShardRef): Change {
  return { shard, status, message: status === 'failed' ? statusMessage : '', way, reason };
}

function isTransition(known: Shard, change: Change): boolean {
  return (
    known.status !== change.status ||
    known.message !== change.message ||
    known.way !== change.way ||
    known.reason !== change.reason
  );
}

function changed(changes: ReadonlyMap<string, Change>, targetId?: string): readonly NewEvent[] {
  if (changes.size === 0) return [];
  const sorted = [...changes].sort(([a], [b]) => byText(a, b)).map(([, change]) => change);
  const data = targetId === undefined ? { changes: sorted } : { targetId, changes: sorted };
  return [{ type: 'ShardStatesChanged', data }];
}
