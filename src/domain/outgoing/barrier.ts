import type { EventData } from '../../events/vocabulary.ts';
import { type Context, type Decision, decided, rejected } from '../decision.ts';
import { notRegistered, notYours } from './refusals.ts';
import type { Outgoing } from './state.ts';

/** `PUT /_api/sync/outgoing/{id}/barrier`. */
export interface SetBarrier {
  readonly kind: 'set-barrier';
  readonly targetId: string;
  readonly fingerprint: string;
}
/** Every server of the source refuses writes, and the ends of their logs were read (S8). */
export interface EstablishBarrier extends Omit<EventData<'BarrierEstablished'>, 'establishedEpoch'> {
  readonly kind: 'establish-barrier';
}
/** `DELETE /_api/sync/outgoing/{id}/barrier`, or the source's leader that saw a server take writes. */
export interface LiftBarrier {
  readonly kind: 'lift-barrier';
  readonly targetId: string;
  /** Absent when the source itself lifts it. */
  readonly fingerprint?: string;
  /** Only a barrier of this epoch; any when absent. */
  readonly epoch?: string;
  readonly reason: string;
}

/** Repeating it changes nothing: a barrier that holds keeps its epoch. */
export function setBarrier(state: Outgoing, { targetId, fingerprint }: SetBarrier, context: Context): Decision {
  const target = state.get(targetId);
  if (target === undefined) return notRegistered(targetId);
  if (target.fingerprint !== fingerprint) return notYours(targetId);
  if (target.barrier !== null) return decided();
  return decided({ type: 'BarrierSet', data: { targetId, epoch: context.newId() } });
}

export function establishBarrier(
  state: Outgoing,
  { targetId, epoch, ticks }: EstablishBarrier,
  context: Context,
): Decision {
  const barrier = state.get(targetId)?.barrier;
  if (barrier?.setAs !== epoch) {
    return rejected(412, 'barrier-gone', `the barrier ${epoch} of target ${targetId} is not there any more`);
  }
  if (barrier.ticks !== null) return decided();
  const establishedEpoch = context.newId();
  return decided({ type: 'BarrierEstablished', data: { targetId, epoch, ticks, establishedEpoch } });
}

/** Lifting what is not there succeeds. */
export function liftBarrier(state: Outgoing, { targetId, fingerprint, epoch, reason }: LiftBarrier): Decision {
  const target = state.get(targetId);
  if (target === undefined || target.barrier === null) return decided();
  if (fingerprint !== undefined && fingerprint !== target.fingerprint) return notYours(targetId);
  if (epoch !== undefined && epoch !== target.barrier.epoch) return decided();
  return decided({ type: 'BarrierLifted', data: { targetId, epoch: target.barrier.epoch, reason } });
}
