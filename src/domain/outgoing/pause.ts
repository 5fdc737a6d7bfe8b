import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { type Decision, decided } from '../decision.ts';
import type { Outgoing, OutgoingTarget } from './state.ts';

/** What a target says of itself at a contact, when it has paused. */
export type TargetPause = Pick<EventData<'OutgoingPaused'>, 'positions' | 'keepLogMs'>;

/** Our log is not kept any longer for a target that has paused. */
export interface ReleaseLog extends EventData<'OutgoingLogReleased'> {
  readonly kind: 'release-log';
  /** The pause that it was kept for. */
  readonly since: string;
}

/**
 * What a contact says of the target's pause, as events: none when that is known. A contact that was sent before the
 * target paused can land behind the one that told of the pause: it does not end it (S12).
 */
export function pauseEvents(
  target: OutgoingTarget,
  told: TargetPause | undefined,
  asOf: number | undefined,
): readonly NewEvent[] {
  const { targetId, pause } = target;
  const when = asOf === undefined ? {} : { asOf };
  if (told === undefined) {
    const isLate = asOf !== undefined && pause?.asOf !== undefined && asOf <= pause.asOf;
    return pause === null || isLate ? [] : [{ type: 'OutgoingResumed', data: { targetId, ...when } }];
  }
  if (pause !== null && isSame(pause, told)) return [];
  return [{ type: 'OutgoingPaused', data: { targetId, ...told, ...when } }];
}

export function releaseLog(state: Outgoing, { targetId, since, reason }: ReleaseLog): Decision {
  const pause = state.get(targetId)?.pause;
  if (pause?.since !== since || pause.released !== null) return decided();
  return decided({ type: 'OutgoingLogReleased', data: { targetId, reason } });
}

function isSame(known: TargetPause, told: TargetPause): boolean {
  return known.keepLogMs === told.keepLogMs && text(known.positions) === text(told.positions);
}

function text(positions: TargetPause['positions']): string {
  return JSON.stringify(positions.map(({ dbServer, serverId, tick }) => [dbServer, serverId, tick]).sort());
}
