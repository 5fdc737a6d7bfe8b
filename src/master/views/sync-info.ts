import type { OutgoingTarget } from '../../domain/outgoing/state.ts';
import { overallStatus } from '../../domain/shards/overall-status.ts';
import type { Suspect } from '../../domain/suspects/state.ts';
import type { LastStop } from '../../domain/synchronization/state.ts';
import type { ControlState } from '../../projections/control-state.ts';
import type { OutgoingSyncInfo, SyncInfo } from '../../wire/sync-info.ts';
import type { ShardReport } from '../../wire/worker.ts';
import { shardInfos, tasksByShard } from './shard-info.ts';

export interface SyncInfoOptions {
  readonly details: 'full' | 'short';
  /** What workers last said of a task; undefined on masters that do not lead. */
  readonly reportOf: (taskId: string) => ShardReport | undefined;
  /** What an active or cancelled synchronization waits for; undefined for nothing. */
  readonly waitsFor: string | undefined;
  /** Until when an old write may still land in a suspect shard; undefined when it cannot any more (S4). */
  readonly quietUntil: (suspect: Suspect) => string | undefined;
}

/** Answer of `GET /_api/sync`: this deployment as a target, and as a source. */
export function syncInfo(state: ControlState, options: SyncInfoOptions): SyncInfo {
  const outgoing = [...state.outgoing.values()].map((target) => outgoingInfo(state, target, options));
  return {
    ...incomingInfo(state, options),
    ...(state.serverMode.wishedReadOnly ? { held_read_only: true } : {}),
    ...(outgoing.length === 0 ? {} : { outgoing: outgoing.sort((a, b) => (a.id < b.id ? -1 : 1)) }),
  };
}

function incomingInfo(state: ControlState, { details, reportOf, waitsFor, quietUntil }: SyncInfoOptions): SyncInfo {
  const { synchronization, shards, suspects, tasks } = state;
  const { phase, configuration, problems, heldDrops, lastStop } = synchronization;
  if (phase === 'inactive' || configuration === null) {
    return {
      source: [],
      status: 'inactive',
      shardsCount: 0,
      totalShardsCount: 0,
      ...(lastStop?.aborted === true ? { cancellationAborted: true } : {}),
      ...stopWarnings(lastStop),
    };
  }
  const received = tasksByShard(tasks, 'receive-shard');
  return {
    source: [...configuration.source],
    status: incomingStatus(state),
    status_message: synchronization.failure?.reason ?? waitsFor ?? withdrawnText(synchronization.withdrawn),
    ...(details === 'full'
      ? { shards: shardInfos(shards.byKey, received, reportOf, (key) => suspicionText(suspects.get(key), quietUntil)) }
      : {}),
    shardsCount: [...shards.byKey.keys()].filter((key) => received.has(key)).length,
    totalShardsCount: shards.byKey.size,
    ...(problems.length === 0 ? {} : { problems: [...problems] }),
    ...(heldDrops.length === 0 ? {} : { heldDrops: [...heldDrops] }),
  };
}

function withdrawnText(withdrawn: ControlState['synchronization']['withdrawn']): string {
  return withdrawn === null ? '' : `the last stop was given up, nothing was stopped: ${withdrawn.reason}`;
}

function incomingStatus({ synchronization, shards }: ControlState): SyncInfo['status'] {
  const { phase, identity } = synchronization;
  if (phase === 'inactive' || phase === 'cancelling' || phase === 'failed') return phase;
  if (identity === null || !shards.reported) return 'initializing';
  return overallStatus([...shards.byKey.values()].map(({ status }) => status));
}

function outgoingInfo(
  { tasks }: ControlState,
  { targetId, endpoints, shards, shardsVersion, barrier }: OutgoingTarget,
  { details, reportOf }: SyncInfoOptions,
): OutgoingSyncInfo {
  const sent = tasksByShard(tasks, 'send-shard', targetId);
  const statuses = [...shards.values()].map(({ status }) => status);
  return {
    id: targetId,
    endpoint: [...endpoints],
    status: shardsVersion === null ? 'initializing' : overallStatus(statuses),
    ...(details === 'full' ? { shards: shardInfos(shards, sent, reportOf) } : {}),
    shardsCount: [...shards.keys()].filter((key) => sent.has(key)).length,
    ...(barrier === null ? {} : { active_barrier: true }),
  };
}

/** Why a shard that runs is not in sync: undefined for one that is not suspect. */
function suspicionText(suspect: Suspect | undefined, quietUntil: SyncInfoOptions['quietUntil']): string | undefined {
  if (suspect === undefined) return undefined;
  const until = quietUntil(suspect);
  const next =
    until === undefined ? 'it is being compared with the source' : `it is compared with the source after ${until}`;
  return `suspect, an old write may have landed late: ${suspect.reason}; ${next}`;
}

/** What is not known of a target that was made writable by force. */
function stopWarnings(lastStop: LastStop | null): Pick<SyncInfo, 'stop_warnings'> {
  if (lastStop === null) return {};
  const { unsettledShards, clocksUnverified } = lastStop;
  const warnings = [
    ...(unsettledShards === undefined
      ? []
      : [`the quiet time was not waited out: old writes may still land in ${unsettledShards} shards`]),
    ...(clocksUnverified === undefined
      ? []
      : [`new writes may get revisions that replicated documents have: ${clocksUnverified}`]),
  ];
  return warnings.length === 0 ? {} : { stop_warnings: warnings };
}
