import { MessageTimeout } from '../../src/wire/sync-commands.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { formatDuration, parseDuration } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';

const NANOSECONDS_PER_MS = 1_000_000;
const PATH = '/_api/message-timeout';

export const setMessageTimeout = defineCommand({
  words: 'set message timeout',
  summary: 'Set how long a shard may hear nothing from the other side, e.g. before a planned outage',
  argument: 'duration',
  options: masterOptions,
  run: async (values, terminal, argument) => {
    const ms = parseDuration(argument);
    if (ms === undefined || ms === 0) throw new UsageError(`<duration> must be such as 15m or 3h, not '${argument}'`);
    const body = { messageTimeout: ms * NANOSECONDS_PER_MS };
    await withMasters(values, terminal, (masters) => masters.tell({ method: 'PUT', path: PATH, body }));
    terminal.out(`Message timeout set to ${formatDuration(ms)}.`);
    return 0;
  },
});

export const getMessageTimeout = defineCommand({
  words: 'get message timeout',
  summary: 'Show how long a shard may hear nothing from the other side',
  options: masterOptions,
  run: async (values, terminal) => {
    const { messageTimeout } = await withMasters(values, terminal, (masters) =>
      masters.ask({ method: 'GET', path: PATH }, MessageTimeout),
    );
    terminal.out(formatDuration(messageTimeout / NANOSECONDS_PER_MS));
    return 0;
  },
});
