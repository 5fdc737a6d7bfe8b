import type { OutgoingTarget } from '../../domain/outgoing/state.ts';
import { notHeldText } from '../../domain/server-mode/not-held.ts';
import { isSameThrottle, unlimited } from '../../domain/settings/throttle.ts';
import { overallStatus } from '../../domain/shards/overall-status.ts';
import type { Suspect } from '../../domain/suspects/state.ts';
import { RESUME_COMMAND } from '../../domain/synchronization/pause.ts';
import { heldBackBy } from '../../domain/synchronization/receiving.ts';
import type { LastStop } from '../../domain/synchronization/state.ts';
import type { ControlState } from '../../projections/control-state.ts';
import type { KeptLog } from '../../wire/kept-log.ts';
import type { OutgoingSyncInfo, SyncInfo } from '../../wire/sync-info.ts';
import type { ShardReport } from '../../wire/worker.ts';
import type { RunningPass } from '../reconcile/verification.ts';
import { toWire } from '../structure/plan-selection.ts';
import { throttleInfo } from '../throttle-shares.ts';
import { initialCopyOf } from './copy-info.ts';
import { shardInfos, tasksByShard } from './shard-info.ts';
import { verificationInfo } from './verification-info.ts';

export interface SyncInfoOptions {
  readonly details: 'full' | 'short';
  /** What workers last said of a task; undefined on masters that do not lead. */
  readonly reportOf: (taskId: string) => ShardReport | undefined;
  /** What an active or cancelled synchronization waits for; undefined for nothing. */
  readonly waitsFor: string | undefined;
  /** What the source last told of its log while we have paused; undefined when nothing is known. */
  readonly sourceLog: KeptLog | undefined;
  /** Our log that is kept for a target which has paused. */
  readonly keptLogOf: (targetId: string) => KeptLog | undefined;
  /** Until when an old write may still land in a suspect shard; undefined when it cannot any more (S4). */
  readonly quietUntil: (suspect: Suspect) => string | undefined;
  /** The comparison of every shard that is under way; undefined for none, and on masters that do not lead. */
  readonly runningPass: RunningPass | undefined;
}

/** Answer of `GET /_api/sync`: this deployment as a target, and as a source. */
export function syncInfo(state: ControlState, options: SyncInfoOptions): SyncInfo {
  const outgoing = [...state.outgoing.values()].map((target) => outgoingInfo(state, target, options));
  return {
    ...incomingInfo(state, options),
    ...holdInfo(state.serverMode),
    ...throttleOf(state),
    ...(outgoing.length === 0 ? {} : { outgoing: outgoing.sort((a, b) => (a.id < b.id ? -1 : 1)) }),
  };
}

function throttleOf({ settings, tasks }: ControlState): Pick<SyncInfo, 'throttle'> {
  return isSameThrottle(settings.throttle, unlimited) ? {} : { throttle: throttleInfo(settings.throttle, tasks) };
}

function holdInfo(
  serverMode: ControlState['serverMode'],
): Pick<SyncInfo, 'held_read_only' | 'held_for' | 'hold_broken'> {
  const { wishedReadOnly, heldFor, holdBroken } = serverMode;
  return {
    ...(wishedReadOnly ? { held_read_only: true } : {}),
    ...(heldFor === null ? {} : { held_for: heldFor.targetId }),
    ...(holdBroken === null ? {} : { hold_broken: notHeldText(serverMode, holdBroken.targetId) }),
  };
}

const logUnknown: KeptLog = { state: 'unknown', message: 'the source has not told' };

function incomingInfo(state: ControlState, options: SyncInfoOptions): SyncInfo {
  const { details, waitsFor, sourceLog } = options;
  const { synchronization, shards, tasks } = state;
  const { phase, configuration, problems, notes, confirmedDrops, lastStop, paused } = synchronization;
  const heldDrops = synchronization.heldDrops.filter((drop) => !confirmedDrops.includes(drop));
  if (phase === 'inactive' || configuration === null) {
    return {
      source: [],
      status: 'inactive',
      shardsCount: 0,
      totalShardsCount: 0,
      ...(lastStop?.aborted === true ? { cancellationAborted: true } : {}),
      ...stopWarnings(lastStop),
      ...(lastStop?.partial === undefined ? {} : { last_selection: toWire(lastStop.partial.selection) }),
    };
  }
  const received = tasksByShard(tasks, 'receive-shard');
  return {
    source: [...configuration.source],
    status: incomingStatus(state),
    status_message:
      synchronization.failure?.reason ?? waitsFor ?? (heldText(state) || withdrawnText(synchronization.withdrawn)),
    ...(details === 'full' ? { shards: shardsOf(state, options) } : {}),
    ...copyOf(state, options),
    shardsCount: [...shards.byKey.keys()].filter((key) => received.has(key)).length,
    totalShardsCount: shards.byKey.size,
    ...(paused === null ? {} : { paused: { since: paused.at, log: sourceLog ?? logUnknown } }),
    ...(problems.length === 0 ? {} : { problems: [...problems] }),
    ...(configuration.selection === undefined ? {} : { selection: toWire(configuration.selection) }),
    ...(notes.length === 0 ? {} : { notes: notes.map((note) => ({ ...note, collections: [...note.collections] })) }),
    ...(heldDrops.length === 0 ? {} : { heldDrops: [...heldDrops] }),
    ...(state.settings.excludeRootUser ? { keeps_root: true } : {}),
    verification: verificationInfo(state.verification, options.runningPass),
  };
}

/** Only a leader has the workers' reports: another master says nothing of copies rather than something wrong. */
function copyOf({ synchronization, outgoing, shards, tasks }: ControlState, { reportOf }: SyncInfoOptions) {
  if (heldBackBy(synchronization, outgoing) !== undefined) return {};
  const received = tasksByShard(tasks, 'receive-shard');
  const reports = [...shards.byKey.keys()].map((key) => {
    const task = received.get(key);
    return task === undefined ? undefined : reportOf(task.taskId);
  });
  const copy = initialCopyOf(reports);
  return copy === undefined ? {} : { initial_copy: copy };
}

function heldText({ synchronization, outgoing }: ControlState): string {
  const heldBack = heldBackBy(synchronization, outgoing);
  if (heldBack === undefined) return '';
  if (heldBack === 'pause') return `paused: nothing is received until ${RESUME_COMMAND}`;
  return 'nothing is received while a target of this datacenter catches up behind a barrier';
}

/** A shard that nobody receives is not what it was when somebody did. */
function shardsOf(state: ControlState, { reportOf, quietUntil, sourceLog }: SyncInfoOptions) {
  const { synchronization, outgoing, shards, suspects, tasks } = state;
  const suspicion = (key: string) => suspicionText(suspects.get(key), quietUntil);
  const infos = shardInfos(shards.byKey, tasksByShard(tasks, 'receive-shard'), reportOf, suspicion);
  const heldBack = heldBackBy(synchronization, outgoing);
  if (heldBack === undefined) return infos;
  const why = heldBack === 'pause' ? 'paused' : 'held back';
  const kept = heldBack === 'pause' ? { log_kept: sourceLog ?? logUnknown } : {};
  return infos.map(({ delay: _delay, log_behind_bytes: _behind, ...info }) => ({
    ...info,
    status: 'inactive' as const,
    status_message: why,
    ...kept,
  }));
}

function withdrawnText(withdrawn: ControlState['synchronization']['withdrawn']): string {
  return withdrawn === null ? '' : `the last stop was given up, nothing was stopped: ${withdrawn.reason}`;
}

function incomingStatus({ synchronization, outgoing, shards }: ControlState): SyncInfo['status'] {
  const { phase, identity } = synchronization;
  if (phase === 'inactive' || phase === 'cancelling' || phase === 'failed') return phase;
  // Where nothing is received: not 'inactive', which says that no source is followed at all.
  if (identity === null || !shards.reported) return 'initializing';
  if (heldBackBy(synchronization, outgoing) !== undefined) return 'initializing';
  return overallStatus([...shards.byKey.values()].map(({ status }) => status));
}

function outgoingInfo(
  { tasks }: ControlState,
  { targetId, endpoints, shards, shardsVersion, barrier, pause }: OutgoingTarget,
  { details, reportOf, keptLogOf }: SyncInfoOptions,
): OutgoingSyncInfo {
  const sent = tasksByShard(tasks, 'send-shard', targetId);
  const statuses = [...shards.values()].map(({ status }) => status);
  const kept = pause === null ? {} : { log_kept: keptLogOf(targetId) ?? logUnknown };
  return {
    id: targetId,
    endpoint: [...endpoints],
    status: shardsVersion === null || pause !== null ? 'initializing' : overallStatus(statuses),
    ...(details === 'full' ? { shards: shardInfos(shards, sent, reportOf).map((info) => ({ ...info, ...kept })) } : {}),
    shardsCount: [...shards.keys()].filter((key) => sent.has(key)).length,
    ...(barrier === null ? {} : { active_barrier: true }),
    ...(pause === null ? {} : { paused: { since: pause.since, log: keptLogOf(targetId) ?? logUnknown } }),
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
