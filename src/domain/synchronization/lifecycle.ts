import type { EventData } from '../../events/vocabulary.ts';
import { type Context, type Decision, decided, rejected } from '../decision.ts';
import type { Synchronization } from './state.ts';

export interface BeginEpoch {
  readonly kind: 'begin-epoch';
  readonly reason: string;
}
/** Nobody's writes of before can land on the target any more. */
export interface SettleTarget extends EventData<'TargetSettled'> {
  readonly kind: 'settle-target';
}
/** `DELETE /_api/sync`. */
export interface CancelSync extends EventData<'SyncCancelRequested'> {
  readonly kind: 'cancel-sync';
}
/** The leader has done all that a cancellation takes. */
export interface FinishCancellation extends EventData<'SyncStopped'> {
  readonly kind: 'finish-cancellation';
}
/** The source refused to stop because its barrier was broken. */
export interface WithdrawCancellation extends EventData<'SyncCancelWithdrawn'> {
  readonly kind: 'withdraw-cancellation';
}
export interface FailSync extends EventData<'SyncFailed'> {
  readonly kind: 'fail-sync';
}

/** From now on checkpoints of the epoch before mean nothing (S3). */
export function beginEpoch(state: Synchronization, { reason }: BeginEpoch, context: Context): Decision {
  if (state.phase !== 'active') return decided();
  return decided({ type: 'EpochBegan', data: { epoch: context.newId(), reason } });
}

/** Nothing when another epoch has begun meanwhile. */
export function settleTarget(state: Synchronization, { epoch }: SettleTarget): Decision {
  if (state.phase !== 'active' || state.configuration?.epoch !== epoch || state.settledEpoch === epoch)
    return decided();
  return decided({ type: 'TargetSettled', data: { epoch } });
}

/** Repeatable: nothing to do when inactive. A repetition may add force and change the modes, never take force back. */
export function cancelSync(state: Synchronization, command: CancelSync): Decision {
  if (state.phase === 'inactive') return decided();
  const { targetServerMode, sourceServerMode, barrierEpoch } = command;
  const { cancellation: before } = state;
  const force = command.force || before?.force === true;
  const skipQuietTime = command.skipQuietTime || before?.skipQuietTime || undefined;
  const isSame =
    before?.force === force &&
    before.targetServerMode === targetServerMode &&
    before.sourceServerMode === sourceServerMode &&
    before.barrierEpoch === barrierEpoch &&
    before.skipQuietTime === skipQuietTime;
  if (state.phase === 'cancelling' && isSame) return decided();
  const ensured = barrierEpoch === undefined ? {} : { barrierEpoch };
  const skipping = skipQuietTime === undefined ? {} : { skipQuietTime };
  const data = { force, targetServerMode, sourceServerMode, ...ensured, ...skipping };
  return decided({ type: 'SyncCancelRequested', data });
}

/** Nothing was stopped: what a cancellation stops comes behind the source's word. */
export function withdrawCancellation(state: Synchronization, { reason }: WithdrawCancellation): Decision {
  return state.phase === 'cancelling' ? decided({ type: 'SyncCancelWithdrawn', data: { reason } }) : decided();
}

export function finishCancellation(state: Synchronization, command: FinishCancellation): Decision {
  const { kind: _, ...stopped } = command;
  if (state.phase === 'inactive') return decided();
  if (state.phase !== 'cancelling') {
    return rejected(412, 'not-cancelling', `the synchronization is ${state.phase}, nobody asked to stop it`);
  }
  return decided({ type: 'SyncStopped', data: stopped });
}

/** Only an active synchronization fails: one that is being cancelled ends by its cancellation. */
export function failSync(state: Synchronization, { code, reason }: FailSync): Decision {
  return state.phase === 'active' ? decided({ type: 'SyncFailed', data: { code, reason } }) : decided();
}
