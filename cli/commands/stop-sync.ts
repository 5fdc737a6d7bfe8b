import { CancelSyncAnswer } from '../../src/wire/sync-commands.ts';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import { masterOptions } from '../master-options.ts';
import { duration } from '../options.ts';

const NANOSECONDS_PER_MS = 1_000_000;
const POLL_MS = 500;

export const stopSync = defineCommand({
  words: 'stop sync',
  summary: 'Stop the synchronization that this datacenter receives and make it writable again',
  options: {
    ...masterOptions,
    timeout: duration('timeout', '2m', { description: 'How long to wait until all has stopped' }),
  },
  run: async (values, terminal) => {
    await withMasters(values, terminal, (masters) => cancel(masters, {}, values.timeout, terminal.interrupted));
    terminal.out('Synchronization deactivated.');
    return 0;
  },
});

export const abortSync = defineCommand({
  words: 'abort sync',
  summary: 'Stop the synchronization although its source cannot be reached',
  options: {
    ...masterOptions,
    timeout: duration('timeout', '5m', { description: 'How long to try the source and to wait until all has stopped' }),
  },
  run: async (values, terminal) => {
    const body = { force: true, force_timeout: Math.floor(values.timeout / 2) * NANOSECONDS_PER_MS };
    const { aborted } = await withMasters(values, terminal, (masters) =>
      cancel(masters, body, values.timeout, terminal.interrupted),
    );
    terminal.out('Synchronization aborted.');
    if (aborted) terminal.out("The source was not told. Once it is back, run 'arangosync abort outgoing sync' there.");
    return 0;
  },
});

/** Asks for the end and polls the status until it is there: a master answers at once, and its leader may change meanwhile. */
async function cancel(
  masters: MasterClient,
  body: Readonly<Record<string, unknown>>,
  timeoutMs: number,
  interrupted: AbortSignal,
): Promise<CancelSyncAnswer> {
  const deadline = performance.now() + timeoutMs;
  const answer = await masters.ask({ method: 'DELETE', path: '/_api/sync', body }, CancelSyncAnswer);
  for (;;) {
    const { status } = await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
    if (status === 'inactive') return answer;
    if (interrupted.aborted) throw new CommandFailed(`interrupted; the synchronization is ${status}`);
    if (performance.now() > deadline) {
      throw new CommandFailed(
        `the synchronization is still ${status}; it goes on stopping: see 'arangosync get status', ` +
          "or, when its source cannot be reached, run 'arangosync abort sync'",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
