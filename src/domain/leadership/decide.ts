import { type Decision, decided } from '../decision.ts';
import type { Leadership } from './state.ts';

export interface ClaimLeadership {
  readonly kind: 'claim-leadership';
  readonly masterId: string;
  readonly endpoint: string;
  /** Highest term met anywhere: in answers of other masters, in instructions, in leases (S18). */
  readonly highestTermMet: number;
}
export interface ResignLeadership {
  readonly kind: 'resign-leadership';
  readonly masterId: string;
  readonly term: number;
}

/** A claim is always granted by the decider: whether it holds is decided by who appends first. */
export function claimLeadership(state: Leadership, command: ClaimLeadership): Decision {
  const term = Math.max(state.term, command.highestTermMet) + 1;
  const { masterId, endpoint } = command;
  return decided({ type: 'LeadershipClaimed', data: { term, masterId, endpoint } });
}

/** Resigns the term that the master holds; nothing to do when another one leads by now. */
export function resignLeadership(state: Leadership, command: ResignLeadership): Decision {
  const leads = state.leader?.masterId === command.masterId && state.term === command.term;
  if (!leads) return decided();
  return decided({ type: 'LeadershipResigned', data: { term: command.term, masterId: command.masterId } });
}
