import { canonicalText } from '../events/canonical.ts';
import type { ChainedLog } from '../events/chained-log.ts';
import { type CommitDraft, LogUnavailable } from '../events/log.ts';
import { toEvents } from '../events/vocabulary.ts';
import { type ControlPlane, STATE_SCHEMA } from './control-state.ts';

export interface ArchiveOptions {
  /** What the state commit says of its writer; it must lead. */
  readonly writer: Omit<CommitDraft, 'events'>;
  /** ULIDs. */
  readonly newEventId: () => string;
}

/**
 * Leaves a commit in the chain that holds the state, and lets go of everything before it (S10). Under a new master
 * secret this begins a chain of the new key (S22). `conflict`: another one wrote first, read on and try again. Throws
 * for a plane that does not understand its log: an archive from it would lose what it did not understand.
 */
export async function archiveLog(
  log: ChainedLog,
  plane: ControlPlane,
  { writer, newEventId }: ArchiveOptions,
  signal?: AbortSignal,
): Promise<'archived' | 'conflict'> {
  if (!plane.fitToLead)
    throw new LogUnavailable('the log holds events of a newer version: only that one may archive it');
  const state: unknown = JSON.parse(canonicalText(plane.state));
  const events = toEvents([{ type: 'LogArchived', data: { schema: STATE_SCHEMA, state } }], newEventId);
  const outcome = await log.append(plane.head, { ...writer, events }, signal);
  if (outcome.kind === 'conflict') return 'conflict';
  plane.apply(outcome.commit);
  await log.archiveBefore(outcome.commit.position, signal);
  return 'archived';
}
