import { type Decision, decided, rejected } from '../decision.ts';
import type { Settings } from './state.ts';

export interface SetMessageTimeout {
  readonly kind: 'set-message-timeout';
  readonly messageTimeoutMs: number;
}

export function setMessageTimeout(state: Settings, { messageTimeoutMs }: SetMessageTimeout): Decision {
  if (!Number.isSafeInteger(messageTimeoutMs) || messageTimeoutMs <= 0) {
    return rejected(400, 'bad-message-timeout', `the message timeout must be at least 1 ms, not ${messageTimeoutMs}`);
  }
  if (messageTimeoutMs === state.messageTimeoutMs) return decided();
  return decided({ type: 'MessageTimeoutSet', data: { messageTimeoutMs } });
}
