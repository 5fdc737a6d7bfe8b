import { type Decision, decided } from '../decision.ts';
import type { Outgoing } from '../outgoing/state.ts';
import type { Synchronization } from '../synchronization/state.ts';
import { type ServerModeState, wantedMode } from './state.ts';

/** An operator wishes the deployment read-only, or writable. */
export interface WishServerMode {
  readonly kind: 'wish-server-mode';
  readonly mode: 'default' | 'readonly';
}
/** The deployment was seen writable after nothing held it any more. */
export interface NoteModeRestored {
  readonly kind: 'note-mode-restored';
}

/** A server was seen that takes writes, while the deployment is held for a reversal. */
export interface BreakHold {
  readonly kind: 'break-hold';
  readonly reason: string;
}

/** Nothing when nothing is held: then nobody relies on it. */
export function breakHold({ heldFor }: ServerModeState, { reason }: BreakHold): Decision {
  return heldFor === null ? decided() : decided({ type: 'HoldBroken', data: { ...heldFor, reason } });
}

export function wishServerMode(state: ServerModeState, { mode }: WishServerMode): Decision {
  if (state.wishedReadOnly === (mode === 'readonly')) return decided();
  return decided({ type: 'ServerModeWished', data: { mode } });
}

/** Nothing when something began to hold it meanwhile. */
export function noteModeRestored(state: ServerModeState, sync: Synchronization, outgoing: Outgoing): Decision {
  if (wantedMode(state, sync, outgoing) !== 'default') return decided();
  return decided({ type: 'ServerModeRestored', data: {} });
}
