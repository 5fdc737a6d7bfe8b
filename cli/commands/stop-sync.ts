import { SyncInfo } from '../../src/wire/sync-info.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand, type Terminal } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import { masterOptions } from '../master-options.ts';
import { duration, flag } from '../options.ts';
import { asBefore } from '../stop/as-before.ts';
import { afterAbort, cancel } from '../stop/cancel.ts';
import { cancelInSync } from '../stop/in-sync.ts';

const NANOSECONDS_PER_MS = 1_000_000;

export const stopSync = defineCommand({
  words: 'stop sync',
  summary: 'Stop the synchronization that this datacenter receives, once it has everything, and make it writable again',
  options: {
    ...masterOptions,
    timeout: duration('timeout', '2m', { description: 'How long to wait until all is in sync and has stopped' }),
    ensureInSync: flag(
      'ensure-in-sync',
      { description: 'Make the source read-only first and wait until every shard is in sync' },
      true,
    ),
  },
  run: async (values, terminal) => {
    const deadline = performance.now() + values.timeout;
    await withMasters(values, terminal, (masters) => stop(masters, terminal, deadline, values.ensureInSync));
    terminal.out('Synchronization deactivated.');
    return 0;
  },
});

/** Repeatable: goes on where a call before was interrupted. On failure before anything was stopped, all is as before. */
async function stop(masters: MasterClient, terminal: Terminal, deadline: number, isEnsured: boolean): Promise<void> {
  const { status } = await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
  const isRunning = status !== 'inactive' && status !== 'cancelling';
  if (!isEnsured || !isRunning) {
    await cancel(masters, {}, deadline, terminal);
    return;
  }
  if (status === 'failed') {
    throw new CommandFailed(
      'the synchronization has failed, so it cannot become in sync: ' +
        "stop it as it is with --ensure-in-sync=false, or run 'arangosync abort sync'",
    );
  }
  try {
    await cancelInSync(masters, {}, deadline, terminal);
  } catch (error) {
    throw await asBefore(masters, error);
  }
}

export const abortSync = defineCommand({
  words: 'abort sync',
  summary: 'Stop the synchronization although its source cannot be reached',
  options: {
    ...masterOptions,
    timeout: duration('timeout', '5m', { description: 'How long to try the source and to wait until all has stopped' }),
    skipQuietTime: flag('skip-quiet-time', {
      description:
        'Make this datacenter writable at once although old writes of the synchronization may still land in it',
    }),
  },
  run: async (values, terminal) => {
    const body = {
      force: true,
      force_timeout: Math.floor(values.timeout / 2) * NANOSECONDS_PER_MS,
      ...(values.skipQuietTime ? { skip_quiet_time: true } : {}),
    };
    const deadline = performance.now() + values.timeout;
    const { aborted, warnings } = await withMasters(values, terminal, (masters) =>
      cancel(masters, body, deadline, terminal, afterAbort),
    );
    terminal.out('Synchronization aborted.');
    for (const warning of warnings) terminal.out(`Warning: ${warning}.`);
    if (aborted) terminal.out("The source was not told. Once it is back, run 'arangosync abort outgoing sync' there.");
    return 0;
  },
});
