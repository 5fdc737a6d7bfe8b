import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { withEntry, withoutKeys } from '../collections.ts';
import type { Occurrence } from '../decision.ts';

export interface Master extends EventData<'MasterRegistered'> {
  readonly registeredAt: string;
}

/** Masters of this deployment by id. */
export type Masters = ReadonlyMap<string, Master>;

export const initialMasters: Masters = new Map();

export function evolveMasters(state: Masters, event: KnownEvent, { at }: Occurrence): Masters {
  switch (event.type) {
    case 'MasterRegistered':
      return withEntry(state, event.data.masterId, { ...event.data, registeredAt: at });
    case 'MasterLeft':
      return withoutKeys(state, [event.data.masterId]);
    default:
      return state;
  }
}
