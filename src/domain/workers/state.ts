import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { withEntry, withoutKeys } from '../collections.ts';
import type { Occurrence } from '../decision.ts';

export interface Worker extends EventData<'WorkerRegistered'> {
  readonly registeredAt: string;
  /** It is about to end: it gets no more tasks. */
  readonly leaving: boolean;
}

export interface Workers {
  /** Workers of this deployment by id. */
  readonly byId: ReadonlyMap<string, Worker>;
  /** Highest server id ever given: none is given twice, also not after its worker left. */
  readonly highestServerId: number;
}

export const initialWorkers: Workers = { byId: new Map(), highestServerId: 0 };

export function evolveWorkers(state: Workers, event: KnownEvent, { at }: Occurrence): Workers {
  switch (event.type) {
    case 'WorkerRegistered': {
      // An id is one process: one that is leaving does not change its mind.
      const leaving = state.byId.get(event.data.workerId)?.leaving ?? false;
      return {
        byId: withEntry(state.byId, event.data.workerId, { ...event.data, registeredAt: at, leaving }),
        highestServerId: Math.max(state.highestServerId, event.data.serverId),
      };
    }
    case 'WorkerDraining': {
      const worker = state.byId.get(event.data.workerId);
      if (worker === undefined) return state;
      return { ...state, byId: withEntry(state.byId, worker.workerId, { ...worker, leaving: true }) };
    }
    case 'WorkerLeft':
      return { ...state, byId: withoutKeys(state.byId, [event.data.workerId]) };
    default:
      return state;
  }
}
