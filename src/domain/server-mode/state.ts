import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import type { Occurrence } from '../decision.ts';
import type { Outgoing } from '../outgoing/state.ts';
import type { Synchronization } from '../synchronization/state.ts';

/** What is known of the deployment's mode beside what holds it read-only. */
export interface ServerModeState {
  /** An operator wishes the deployment read-only. */
  readonly wishedReadOnly: boolean;
  /** The target at whose stop it was wished; null: otherwise, or not at all. */
  readonly wishedFor: string | null;
  /** We made it read-only, or were about to: it is for us to make it writable again. */
  readonly held: boolean;
  /** The target that stopped in sync, and behind which barrier: read-only ever since, to follow it; null otherwise. */
  readonly heldFor: HeldFor | null;
  /** How the last such hold ended when somebody made the deployment writable; null when none did. */
  readonly holdBroken: HoldBroken | null;
}

export type HeldFor = Pick<EventData<'HoldBroken'>, 'targetId' | 'barrierEpoch'>;
export type HoldBroken = EventData<'HoldBroken'> & { readonly at: string };

export const initialServerMode: ServerModeState = {
  wishedReadOnly: false,
  wishedFor: null,
  held: false,
  heldFor: null,
  holdBroken: null,
};

const NO_WISH = { wishedReadOnly: false, wishedFor: null, heldFor: null };

export function evolveServerMode(state: ServerModeState, event: KnownEvent, { at }: Occurrence): ServerModeState {
  switch (event.type) {
    case 'SyncConfigured':
      // A target is read-only anyhow; what was wished before it followed ends with it.
      return { ...initialServerMode, held: true };
    case 'BarrierSet':
      return { ...state, held: true };
    case 'SyncCancelRequested':
      return { ...state, ...NO_WISH, wishedReadOnly: event.data.targetServerMode === 'readonly' };
    case 'SyncCancelWithdrawn':
      return { ...state, ...NO_WISH };
    case 'OutgoingRegistered':
      // It follows again, a reversal was given up: nobody else would ever make the source writable.
      if (state.wishedFor === event.data.targetId) return { ...state, ...NO_WISH };
      // It follows again: what it lacked it receives.
      return state.holdBroken?.targetId === event.data.targetId ? { ...state, holdBroken: null } : state;
    case 'OutgoingStopped':
      return evolveStopped(state, event.data);
    case 'HoldBroken':
      return { ...state, ...NO_WISH, holdBroken: { ...event.data, at } };
    case 'ServerModeWished':
      return event.data.mode === 'readonly'
        ? { ...state, wishedReadOnly: true, wishedFor: null, held: true }
        : { ...state, ...NO_WISH };
    case 'ServerModeRestored':
      return { ...state, held: false };
    default:
      return state;
  }
}

/** Only who stopped behind a barrier has all that is here: read-only for any other reason is no hold. */
function evolveStopped(
  state: ServerModeState,
  { targetId, barrierEpoch, serverMode }: EventData<'OutgoingStopped'>,
): ServerModeState {
  if (serverMode !== 'readonly') return state;
  const wished = { ...state, wishedReadOnly: true, wishedFor: targetId, held: true };
  return barrierEpoch === undefined ? wished : { ...wished, heldFor: { targetId, barrierEpoch }, holdBroken: null };
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
