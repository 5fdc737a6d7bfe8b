import { withNewest } from '../domain/collections.ts';
import { type Actor, actorOf } from '../events/actor.ts';
import type { Commit } from '../events/log.ts';
import type { KnownEvent } from '../events/vocabulary.ts';

/** What happened lately: who wrote a commit, what led to it, who asked for it, which events it holds. */
export interface AuditEntry {
  readonly position: number;
  readonly at: string;
  readonly term: number;
  readonly writer: string;
  readonly cause: string;
  /** Null when it was the master's own doing. */
  readonly actor: Actor | null;
  readonly events: readonly string[];
  /** Commands that were refused in this commit. */
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly command: string;
  readonly status: number;
  readonly code: string;
  readonly reason: string;
}

/** Oldest first. */
export type Audit = readonly AuditEntry[];

/** As many commits are kept in memory; the log has them all. */
export const AUDIT_LIMIT = 256;

export const initialAudit: Audit = [];

const NONE: readonly Refusal[] = [];

export function recordCommit(audit: Audit, commit: Commit, events: readonly KnownEvent[]): Audit {
  const { position, at, term, writer, cause } = commit;
  const actor = actorOf(commit) ?? null;
  const entry = {
    position,
    at,
    term,
    writer,
    cause,
    actor,
    events: commit.events.map(({ type }) => type),
    refused: refusals(events),
  };
  return withNewest(audit, entry, AUDIT_LIMIT);
}

function refusals(events: readonly KnownEvent[]): readonly Refusal[] {
  let found = NONE;
  for (const { type, data } of events) {
    if (type !== 'CommandRejected' && type !== 'CommandRefused') continue;
    const { command, status, code, reason } = data;
    found = [...found, { command, status, code, reason }];
  }
  return found;
}
