import type { Commit } from '../events/log.ts';
import type { EventData, KnownEvent } from '../events/vocabulary.ts';

/** What happened lately: who wrote a commit, what led to it, which events it holds. */
export interface AuditEntry {
  readonly position: number;
  readonly at: string;
  readonly term: number;
  readonly writer: string;
  readonly cause: string;
  readonly events: readonly string[];
  /** Commands that were refused in this commit. */
  readonly refused: readonly EventData<'CommandRefused'>[];
}

/** Oldest first. */
export type Audit = readonly AuditEntry[];

/** As many commits are kept in memory; the log has them all. */
export const AUDIT_LIMIT = 256;

export const initialAudit: Audit = [];

export function recordCommit(audit: Audit, commit: Commit, events: readonly KnownEvent[]): Audit {
  const { position, at, term, writer, cause } = commit;
  const refused = events.filter((event) => event.type === 'CommandRefused').map((event) => event.data);
  const entry = { position, at, term, writer, cause, events: commit.events.map(({ type }) => type), refused };
  return [...audit.slice(1 - AUDIT_LIMIT), entry];
}
