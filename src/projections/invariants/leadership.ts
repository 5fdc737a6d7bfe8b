import type { Control } from '../../domain/control.ts';
import type { Commit } from '../../events/log.ts';
import { type EventRule, must, type Violation } from './rule.ts';

/** One leader per term: a claim is above every term before it, and the leader alone gives up its term. */
export const leadershipRules: EventRule = ({ leadership }, event, commit) => {
  switch (event.type) {
    case 'LeadershipClaimed':
      return [
        ...must(
          event.data.term > leadership.term,
          'one-leader-per-term',
          `${event.data.masterId} claims term ${event.data.term}, the log has ${leadership.term} already`,
        ),
        ...must(
          event.data.masterId === commit.writer && event.data.term === commit.term,
          'claim-by-itself',
          `the claim of ${event.data.masterId} for term ${event.data.term} was written by ${commit.writer} in term ${commit.term}`,
        ),
      ];
    case 'LeadershipResigned':
      return must(
        leadership.leader?.masterId === event.data.masterId && leadership.term === event.data.term,
        'resignation-by-leader',
        `${event.data.masterId} gives up term ${event.data.term}, which it does not hold`,
      );
    default:
      return [];
  }
};

/** What a master may write that does not lead: what concerns itself only, and what it refused. */
const UNLED: ReadonlySet<string> = new Set([
  'LeadershipClaimed',
  'MasterRegistered',
  'MasterLeft',
  'MasterCertificateReplaced',
  'CommandRejected',
]);

/** Whoever knows that the log lost commits may say so (S18). */
function isLossOfLog(type: string, data: unknown): boolean {
  return type === 'SyncFailed' && (data as { readonly code?: unknown }).code === 'own-log-lost';
}

/** Nothing is decided by a master that does not lead, or in another term than its own (S12). */
export function fencingViolations({ leadership }: Control, commit: Commit): readonly Violation[] {
  if (commit.events.some(({ type }) => type === 'LeadershipClaimed')) return [];
  const sameTerm = must(
    commit.term === leadership.term,
    'written-in-current-term',
    `${commit.writer} wrote in term ${commit.term}, the term was ${leadership.term}`,
  );
  const decided = commit.events.find(({ type, data }) => !UNLED.has(type) && !isLossOfLog(type, data));
  if (decided === undefined) return sameTerm;
  const leader = leadership.leader?.masterId ?? 'nobody';
  const byLeader = must(
    leader === commit.writer,
    'decided-by-leader',
    `${decided.type} was decided by ${commit.writer}, the leader was ${leader}`,
  );
  return [...sameTerm, ...byLeader];
}
