import type { EventsKeep } from '../../src/master/events-keep.ts';
import { parseDuration } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { type OptionValues, text } from '../options.ts';

/** A master that was away for a moment should find what it missed, and not begin anew. */
const KEEP_COMMITS_MIN = 1_000;
const KEEP_MS_MIN = 3_600_000;

export const retentionOptions = {
  keepEvents: text('events.keep', {
    placeholder: 'duration|count',
    description: 'Keep this much of the event log in the database (90d, or a number of commits); all of it without',
  }),
  archiveFolder: text('events.archive', {
    placeholder: 'folder',
    description: "Folder to which older events are moved; 'events verify --file' checks them",
  }),
};

/** Undefined when nothing is to be archived. Throws {@link UsageError} for one option without the other. */
export function retentionOf({
  keepEvents,
  archiveFolder,
}: OptionValues<typeof retentionOptions>): { readonly keep: EventsKeep; readonly archive: string } | undefined {
  if (keepEvents === undefined && archiveFolder === undefined) return undefined;
  if (keepEvents === undefined)
    throw new UsageError('--events.archive goes with --events.keep: say how much stays in the database');
  if (archiveFolder === undefined)
    throw new UsageError('--events.keep goes with --events.archive: say where older events go');
  return { keep: keepOf(keepEvents), archive: archiveFolder };
}

function keepOf(given: string): EventsKeep {
  if (/^\d{1,12}$/.test(given)) {
    const commits = Number(given);
    if (commits >= KEEP_COMMITS_MIN) return { kind: 'count', commits };
    throw new UsageError(`--events.keep must be at least ${KEEP_COMMITS_MIN} commits, not ${given}`);
  }
  const ms = parseDuration(given);
  if (ms === undefined)
    throw new UsageError(`--events.keep must be a duration such as 90d, or a number, not '${given}'`);
  if (ms >= KEEP_MS_MIN) return { kind: 'age', ms };
  throw new UsageError(`--events.keep must be at least 1h, not ${given}`);
}
