import type { Outgoing } from '../outgoing/state.ts';
import type { Synchronization } from './state.ts';

/**
 * Why an active synchronization receives nothing now. `barrier`: in a chain, while a target of ours catches up behind a
 * barrier, what we would apply ourselves is what nobody may write (S8). Undefined: it receives.
 */
export function heldBackBy({ paused }: Synchronization, outgoing: Outgoing): 'pause' | 'barrier' | undefined {
  if (paused !== null) return 'pause';
  return [...outgoing.values()].some(({ barrier }) => barrier !== null) ? 'barrier' : undefined;
}
