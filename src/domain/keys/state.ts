import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import type { Occurrence } from '../decision.ts';

export type WorkerCa = EventData<'WorkerCaCreated'>;

/** Under which keys this datacenter works. Ids and certificates only: a key itself stands in no event. */
export interface Keys {
  /** Key of the master secret that is in use since the last rotation; null before the first. */
  readonly current: string | null;
  /** Keys that were in use before: they never come back. */
  readonly retired: readonly string[];
  /** Whether all secrets at rest are encrypted under the current key. */
  readonly reencrypted: boolean;
  /** CAs of the workers' certificates that may still be met, the oldest first. */
  readonly workerCas: readonly WorkerCa[];
}

export const initialKeys: Keys = { current: null, retired: [], reencrypted: true, workerCas: [] };

export function evolveKeys(state: Keys, event: KnownEvent, { at }: Occurrence): Keys {
  switch (event.type) {
    case 'MasterSecretRotated': {
      const { sealId, previous } = event.data;
      return { ...state, current: sealId, retired: [...new Set([...state.retired, previous])], reencrypted: false };
    }
    case 'SecretsReencrypted':
      return event.data.sealId === state.current ? { ...state, reencrypted: true } : state;
    case 'WorkerCaCreated': {
      // What has expired verifies nothing any more.
      const kept = state.workerCas.filter(({ validUntil }) => Date.parse(validUntil) > Date.parse(at));
      return { ...state, workerCas: [...kept, event.data] };
    }
    default:
      return state;
  }
}
