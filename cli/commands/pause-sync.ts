import { KEEP_LOG_MS_MAX } from '../../src/domain/synchronization/pause.ts';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { duration } from '../options.ts';
import { pauseLine } from '../status/pause-line.ts';

const NANOSECONDS_PER_MS = 1_000_000;
const PATH = '/_api/sync/pause';

export const pauseSync = defineCommand({
  words: 'pause sync',
  summary: 'Receive nothing until resumed; positions stay, and the source keeps its log for a limited time',
  options: {
    ...masterOptions,
    keepLog: duration('keep-log', '24h', {
      description: 'How long the source keeps its log for this target, 7 days at most',
    }),
  },
  run: async (values, terminal) => {
    if (values.keepLog > KEEP_LOG_MS_MAX) throw new UsageError('--keep-log must be 7 days (168h) at most');
    const body = { keep_log: values.keepLog * NANOSECONDS_PER_MS };
    const info = await withMasters(values, terminal, async (masters) => {
      await masters.tell({ method: 'POST', path: PATH, body });
      return await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
    });
    terminal.out('Synchronization paused.');
    if (info.paused !== undefined) terminal.out(pauseLine(info.paused, 'the source'));
    return 0;
  },
});

export const resumeSync = defineCommand({
  words: 'resume sync',
  summary: 'Let a paused synchronization go on from where it stands',
  options: masterOptions,
  run: async (values, terminal) => {
    await withMasters(values, terminal, (masters) => masters.tell({ method: 'DELETE', path: PATH }));
    terminal.out('Synchronization resumed.');
    return 0;
  },
});
