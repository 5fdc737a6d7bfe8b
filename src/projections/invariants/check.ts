import { evolve } from '../../domain/control.ts';
import { canonicalText } from '../../events/canonical.ts';
import type { Commit } from '../../events/log.ts';
import { readEvent } from '../../events/read-event.ts';
import type { KnownEvent } from '../../events/vocabulary.ts';
import type { ControlState } from '../control-state.ts';
import { STATE_SCHEMA } from '../state-upcasters.ts';
import { barrierRules } from './barriers.ts';
import { keyRules } from './keys.ts';
import { fencingViolations, leadershipRules } from './leadership.ts';
import { memberRules } from './members.ts';
import type { EventRule, Violation } from './rule.ts';
import { settingRules } from './settings.ts';
import { outgoingRules, shardRules } from './shards.ts';
import { suspectRules } from './suspects.ts';
import { synchronizationRules } from './synchronization.ts';
import { taskRules } from './tasks.ts';
import { verificationRules } from './verification.ts';

const EVENT_RULES: readonly EventRule[] = [
  leadershipRules,
  keyRules,
  memberRules,
  taskRules,
  synchronizationRules,
  shardRules,
  outgoingRules,
  barrierRules,
  suspectRules,
  settingRules,
  verificationRules,
];

/** Everything that a commit does to the state before it that no decider would have let it do. Pure. */
export function commitViolations(before: ControlState, commit: Commit): readonly Violation[] {
  const isStart = before.audit.length === 0 && commit.events.some(({ type }) => type === 'LogArchived');
  if (isStart) return [];
  const violations = [...fencingViolations(before, commit)];
  let state = before;
  const events = commit.events.flatMap((stored) => {
    const read = readEvent(stored);
    return read.kind === 'known' ? [read.event] : [];
  });
  for (const [index, event] of events.entries()) {
    for (const rule of EVENT_RULES) violations.push(...rule(state, event, commit));
    violations.push(...archiveViolations(before, event));
    if (index < events.length - 1) state = { ...state, ...evolve(state, event, commit) };
  }
  return violations;
}

/** A state commit in the middle of what is kept must say what the commits before it led to (S10). */
function archiveViolations(before: ControlState, event: KnownEvent): readonly Violation[] {
  if (event.type !== 'LogArchived' || event.data.schema !== STATE_SCHEMA) return [];
  if (canonicalText(event.data.state) === canonicalText(before)) return [];
  return [
    { rule: 'archived-state', detail: 'the state that archiving kept is not what the commits before it lead to' },
  ];
}
