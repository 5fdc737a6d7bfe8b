import type { EndedEpochs } from './ended-epochs.ts';
import type { Outgoing } from './state.ts';

/** Highest number under which a target has called, or named a synchronization, as far as is remembered; 0 for none. */
export function highestSeen(outgoing: Outgoing, ended: EndedEpochs, targetId: string): number {
  const { asOf = 0, epoch = 0, pause } = outgoing.get(targetId) ?? {};
  return Math.max(asOf, epoch, pause?.asOf ?? 0, ended.get(targetId) ?? 0);
}
