import { type Decision, decided, rejected } from '../decision.ts';
import type { Synchronization } from './state.ts';

export interface PauseSync {
  readonly kind: 'pause-sync';
  /** How long the source is asked to keep its log. */
  readonly keepLogMs: number;
}
export interface ResumeSync {
  readonly kind: 'resume-sync';
}
/** The source set a barrier that an operator asked for here. */
export interface NoteBarrier {
  readonly kind: 'note-barrier';
  readonly epoch: string;
}
/** An operator here gave the barrier up. */
export interface WithdrawBarrier {
  readonly kind: 'withdraw-barrier';
}

/** A source that keeps its log longer than a week fills its disk for a target that is as well copied again. */
export const KEEP_LOG_MS_MAX = 7 * 24 * 3_600_000;

/** What an operator runs to let a paused synchronization go on. */
export const RESUME_COMMAND = "'arangosync resume sync'";

/** Repeating it changes nothing, except how long the source is asked to keep its log. */
export function pauseSync(state: Synchronization, { keepLogMs }: PauseSync): Decision {
  if (state.phase !== 'active') {
    return rejected(412, 'not-active', `there is no running synchronization to pause: it is ${state.phase}`);
  }
  if (keepLogMs > KEEP_LOG_MS_MAX) {
    return rejected(400, 'bad-keep-log', `keep_log must be 7 days at most, not ${keepLogMs / 3_600_000} h`);
  }
  return state.paused?.keepLogMs === keepLogMs ? decided() : decided({ type: 'SyncPaused', data: { keepLogMs } });
}

/** Succeeds also when nothing is paused. */
export function resumeSync(state: Synchronization): Decision {
  if (state.phase !== 'active') {
    return rejected(412, 'not-active', `there is no running synchronization to resume: it is ${state.phase}`);
  }
  return state.paused === null ? decided() : decided({ type: 'SyncResumed', data: {} });
}

/** The same barrier again is no news. */
export function noteBarrier(state: Synchronization, { epoch }: NoteBarrier): Decision {
  if (state.phase !== 'active') {
    return rejected(
      412,
      'not-active',
      `there is no running synchronization to set a barrier for: it is ${state.phase}`,
    );
  }
  return state.barrierEpoch === epoch ? decided() : decided({ type: 'BarrierRequested', data: { epoch } });
}

export function withdrawBarrier({ barrierEpoch }: Synchronization): Decision {
  return barrierEpoch === null ? decided() : decided({ type: 'BarrierWithdrawn', data: { epoch: barrierEpoch } });
}
