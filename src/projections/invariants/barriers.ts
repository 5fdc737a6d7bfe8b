import type { Outgoing } from '../../domain/outgoing/state.ts';
import type { KnownEvent } from '../../events/vocabulary.ts';
import { type EventRule, FINE, must, type Violation } from './rule.ts';

/** A barrier is set once, established under its own epoch, and a target stops only behind one that holds (S8). */
export const barrierRules: EventRule = ({ outgoing, serverMode }, event) => {
  switch (event.type) {
    case 'BarrierSet':
      return must(
        barrierOf(outgoing, event.data.targetId) === null,
        'one-barrier',
        `target ${event.data.targetId} has no registration, or has a barrier already`,
      );
    case 'BarrierEstablished':
    case 'BarrierLifted':
      return must(
        barrierOf(outgoing, event.data.targetId)?.epoch === event.data.epoch,
        'barrier-epoch',
        `${event.type} of epoch ${event.data.epoch}, which target ${event.data.targetId} does not have`,
      );
    case 'HoldBroken':
      return must(
        serverMode.heldFor?.barrierEpoch === event.data.barrierEpoch,
        'hold',
        `the hold behind ${event.data.barrierEpoch} was broken, which was not there`,
      );
    case 'OutgoingStopped':
      return stopViolations(outgoing, event);
    default:
      return FINE;
  }
};

function stopViolations(
  outgoing: Outgoing,
  { data: { targetId, barrierEpoch } }: KnownEvent & { readonly type: 'OutgoingStopped' },
): readonly Violation[] {
  if (barrierEpoch === undefined) return FINE;
  const barrier = barrierOf(outgoing, targetId);
  const holds = barrier?.epoch === barrierEpoch && barrier.ticks !== null;
  return must(holds, 'stopped-behind-barrier', `target ${targetId} stopped behind ${barrierEpoch}, which did not hold`);
}

function barrierOf(outgoing: Outgoing, targetId: string) {
  return outgoing.get(targetId)?.barrier;
}
