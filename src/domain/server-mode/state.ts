import type { KnownEvent } from '../../events/vocabulary.ts';
import type { Outgoing } from '../outgoing/state.ts';
import type { Synchronization } from '../synchronization/state.ts';

/** What is known of the deployment's mode beside what holds it read-only. */
export interface ServerModeState {
  /** An operator wishes the deployment read-only. */
  readonly wishedReadOnly: boolean;
  /** We made it read-only, or were about to: it is for us to make it writable again. */
  readonly held: boolean;
}

export const initialServerMode: ServerModeState = { wishedReadOnly: false, held: false };

export function evolveServerMode(state: ServerModeState, event: KnownEvent): ServerModeState {
  switch (event.type) {
    case 'SyncConfigured':
      // A target is read-only anyhow; what was wished before it followed ends with it.
      return { wishedReadOnly: false, held: true };
    case 'BarrierSet':
      return { ...state, held: true };
    case 'SyncCancelRequested':
      return { ...state, wishedReadOnly: event.data.targetServerMode === 'readonly' };
    case 'SyncCancelWithdrawn':
      return { ...state, wishedReadOnly: false };
    case 'OutgoingStopped':
      return event.data.serverMode === 'readonly' ? { wishedReadOnly: true, held: true } : state;
    case 'ServerModeWished':
      return event.data.mode === 'readonly'
        ? { wishedReadOnly: true, held: true }
        : { ...state, wishedReadOnly: false };
    case 'ServerModeRestored':
      return { ...state, held: false };
    default:
      return state;
  }
}

/**
 * The mode that this deployment has to have: read-only while it follows another one, a barrier holds, or an operator
 * wishes it (S9). Undefined: nothing of ours holds it, its mode is none of our business.
 */
export function wantedMode(
  { wishedReadOnly, held }: ServerModeState,
  { phase }: Synchronization,
  outgoing: Outgoing,
): 'readonly' | 'default' | undefined {
  // A synchronization that failed keeps its target read-only: what was written there would be lost by going on.
  if (phase !== 'inactive' || wishedReadOnly) return 'readonly';
  if ([...outgoing.values()].some(({ barrier }) => barrier !== null)) return 'readonly';
  return held ? 'default' : undefined;
}
