import type { KnownEvent } from '../../events/vocabulary.ts';

export interface Settings {
  /** How long a shard may be without a message before it is suspected. */
  readonly messageTimeoutMs: number;
}

export const MESSAGE_TIMEOUT_MS_DEFAULT = 3_600_000;

export const initialSettings: Settings = { messageTimeoutMs: MESSAGE_TIMEOUT_MS_DEFAULT };

export function evolveSettings(state: Settings, event: KnownEvent): Settings {
  return event.type === 'MessageTimeoutSet' ? { ...state, messageTimeoutMs: event.data.messageTimeoutMs } : state;
}
