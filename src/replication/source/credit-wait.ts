import type { Doorbell } from './doorbell.ts';
import type { Environment } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import type { Member } from './member.ts';

/** Part of the time for which a shard without credit may keep the others waiting. */
const FORGIVEN_PART = 0.1;

export interface CreditWaitParts {
  readonly bell: Doorbell;
  readonly environment: Environment;
  readonly limits: SourceLimits;
}

/** Waits until every live member has credit; who keeps the others waiting for too long has to `leave` (S7). */
export async function waitForCredit(
  members: ReadonlyMap<string, Member>,
  leave: (member: Member) => void,
  { bell, environment, limits }: CreditWaitParts,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const overdrawn = overdrawnOf(members);
    if (overdrawn.length === 0) return;
    const live = [...members.values()].filter(({ state }) => state === 'live');
    const since = environment.now();
    await bell.waitAtMost(environment, limits.overdrawnMs, signal);
    const waitedMs = environment.now() - since;
    // While all have much to apply nobody is kept waiting; an idle one is.
    const isSomebodyIdle = live.some(({ options: { stream } }) => stream.unacknowledgedBytes < stream.open.credit / 4);
    for (const member of overdrawn) {
      if (isSomebodyIdle) member.charge(waitedMs * (1 - FORGIVEN_PART));
      if (member.chargedMs >= limits.overdrawnMs && !member.keepsUp(limits.steadyBytesPerS)) leave(member);
    }
    for (const member of live) member.charge(-waitedMs * FORGIVEN_PART);
  }
}

/** Asked before every read of the log: nothing is made for the many that have credit. */
function overdrawnOf(members: ReadonlyMap<string, Member>): Member[] {
  const overdrawn: Member[] = [];
  for (const member of members.values()) {
    if (member.options.stream.isOverdrawn && member.state === 'live') overdrawn.push(member);
  }
  return overdrawn;
}
