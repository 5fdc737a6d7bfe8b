import type { KnownEvent } from '../../events/vocabulary.ts';
import { withEntry } from '../collections.ts';

/** The highest synchronization of each target that has ended here, by the target's id: never below one of before. */
export type EndedEpochs = ReadonlyMap<string, number>;

export const initialEndedEpochs: EndedEpochs = new Map();

export function evolveEndedEpochs(state: EndedEpochs, event: KnownEvent): EndedEpochs {
  if (event.type !== 'OutgoingEpochEnded') return state;
  const { targetId, epoch } = event.data;
  return withEntry(state, targetId, Math.max(epoch, state.get(targetId) ?? 0));
}
