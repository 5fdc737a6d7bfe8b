import type { EventData } from '../../events/vocabulary.ts';
import { type Context, type Decision, decided, rejected } from '../decision.ts';
import type { Synchronization } from './state.ts';

export interface BeginEpoch {
  readonly kind: 'begin-epoch';
  readonly reason: string;
}
/** `DELETE /_api/sync`. */
export interface CancelSync extends EventData<'SyncCancelRequested'> {
  readonly kind: 'cancel-sync';
}
/** The leader has done all that a cancellation takes. */
export interface FinishCancellation extends EventData<'SyncStopped'> {
  readonly kind: 'finish-cancellation';
}
export interface FailSync extends EventData<'SyncFailed'> {
  readonly kind: 'fail-sync';
}

/** From now on checkpoints of the epoch before mean nothing (S3). */
export function beginEpoch(state: Synchronization, { reason }: BeginEpoch, context: Context): Decision {
  if (state.phase !== 'active') return decided();
  return decided({ type: 'EpochBegan', data: { epoch: context.newId(), reason } });
}

/** Repeatable: nothing to do when inactive. A repetition may add force and change the modes, never take force back. */
export function cancelSync(state: Synchronization, command: CancelSync): Decision {
  if (state.phase === 'inactive') return decided();
  const { targetServerMode, sourceServerMode } = command;
  const { cancellation: before } = state;
  const force = command.force || before?.force === true;
  const isSame =
    before?.force === force &&
    before.targetServerMode === targetServerMode &&
    before.sourceServerMode === sourceServerMode;
  if (state.phase === 'cancelling' && isSame) return decided();
  return decided({ type: 'SyncCancelRequested', data: { force, targetServerMode, sourceServerMode } });
}

export function finishCancellation(state: Synchronization, { aborted, reason }: FinishCancellation): Decision {
  if (state.phase === 'inactive') return decided();
  if (state.phase !== 'cancelling') {
    return rejected(412, 'not-cancelling', `the synchronization is ${state.phase}, nobody asked to stop it`);
  }
  return decided({ type: 'SyncStopped', data: { aborted, reason } });
}

/** Only an active synchronization fails: one that is being cancelled ends by its cancellation. */
export function failSync(state: Synchronization, { code, reason }: FailSync): Decision {
  return state.phase === 'active' ? decided({ type: 'SyncFailed', data: { code, reason } }) : decided();
}
