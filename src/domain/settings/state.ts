import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { type Throttle, unlimited } from './throttle.ts';

export interface Settings {
  /** How long a shard may be without a message before it is suspected. */
  readonly messageTimeoutMs: number;
  /** Of what is made on this deployment as a target; absent: none. */
  readonly replicationFactor?: EventData<'ReplicationFactorBounded'>;
  /** As a target it keeps its own user `root`. */
  readonly excludeRootUser: boolean;
  readonly throttle: Throttle;
}

export const MESSAGE_TIMEOUT_MS_DEFAULT = 3_600_000;

export const initialSettings: Settings = {
  messageTimeoutMs: MESSAGE_TIMEOUT_MS_DEFAULT,
  excludeRootUser: false,
  throttle: unlimited,
};

export function evolveSettings(state: Settings, event: KnownEvent): Settings {
  switch (event.type) {
    case 'MessageTimeoutSet':
      return { ...state, messageTimeoutMs: event.data.messageTimeoutMs };
    case 'ReplicationFactorBounded':
      return { ...state, replicationFactor: event.data };
    case 'RootUserExclusionSet':
      return { ...state, excludeRootUser: event.data.excluded };
    case 'ThrottleSet':
      return { ...state, throttle: event.data };
    default:
      return state;
  }
}
