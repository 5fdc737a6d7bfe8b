import { writeCommits } from '../../src/adapters/event-files/write-commits.ts';
import { COMMITS_PAGE_MAX, CommitPage } from '../../src/wire/events.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { queryText } from '../events/filter-options.ts';
import type { MasterClient } from '../master-client.ts';
import { masterOptions } from '../master-options.ts';
import { integer, text } from '../options.ts';

export const eventsExport = defineCommand({
  words: 'events export',
  summary: "Write the event log to a file that 'events verify --file' can check without a master; one commit per line",
  options: {
    ...masterOptions,
    file: text('file', { placeholder: 'file', description: 'File to write; standard output without it' }),
    from: integer('from', 1, { placeholder: 'position', description: 'First commit' }),
    to: text('to', { placeholder: 'position', description: 'Last commit (default: the newest)' }),
  },
  run: async (values, terminal) => {
    const { file, from, to } = values;
    if (to !== undefined && !/^\d{1,15}$/.test(to)) throw new UsageError(`--to must be a position, not '${to}'`);
    const last = to === undefined ? Number.POSITIVE_INFINITY : Number(to);
    return await withMasters(values, terminal, async (masters) => {
      const commits = allCommits(masters, Math.max(1, from), last, terminal.interrupted);
      if (file === undefined) {
        for await (const commit of commits) terminal.out(JSON.stringify(commit));
        return 0;
      }
      const count = await writeCommits(file, commits);
      terminal.out(`Exported ${count} commits to ${file}`);
      return 0;
    });
  },
});

async function* allCommits(
  masters: MasterClient,
  from: number,
  last: number,
  interrupted: AbortSignal,
): AsyncGenerator<object> {
  let after = from - 1;
  // What is written meanwhile belongs to the next export: this one ends where the log ended when it began.
  let end = last;
  for (let done = false; !done && after < end; ) {
    if (interrupted.aborted) throw new CommandFailed('interrupted; nothing was written');
    const path = `/_api/events/commits${queryText({ after, limit: COMMITS_PAGE_MAX })}`;
    const page = await masters.ask({ method: 'GET', path }, CommitPage);
    end = Math.min(end, page.log.last);
    for (const commit of page.commits) if (Number(commit.position) <= last) yield commit;
    [after, done] = [page.next, page.done];
  }
}
