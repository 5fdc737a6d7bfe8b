import { setTimeout as sleep } from 'node:timers/promises';
import { CancelSyncAnswer } from '../../src/wire/sync-commands.ts';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import type { Terminal } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';

const POLL_MS = 500;

const afterStop = "see 'arangosync get status', or, when its source cannot be reached, run 'arangosync abort sync'";
/** What to do when an abort has not ended in time. */
export const afterAbort =
  "see 'arangosync get status', and run 'arangosync abort sync' again; " +
  "once its source is back, run 'arangosync abort outgoing sync' there";

/** How a synchronization ended. */
export interface Ended {
  /** The source was not told. */
  readonly aborted: boolean;
  /** What is not known of the target that was made writable. */
  readonly warnings: readonly string[];
  readonly answer: CancelSyncAnswer;
}

/**
 * Asks for the end, shows what it waits for, and polls the status until it is there: a master answers at once, and its
 * leader may change meanwhile. Rejects when the synchronization goes on after all, or has not ended by `deadline`: with
 * `advice` what to do then.
 */
export async function cancel(
  masters: MasterClient,
  body: Readonly<Record<string, unknown>>,
  deadline: number,
  terminal: Terminal,
  advice: string = afterStop,
): Promise<Ended> {
  const answer = await masters.ask({ method: 'DELETE', path: '/_api/sync', body }, CancelSyncAnswer);
  let shown = '';
  for (;;) {
    const info = await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
    const { status, status_message: why = '' } = info;
    if (status === 'inactive') {
      return { aborted: info.cancellationAborted === true, warnings: info.stop_warnings ?? [], answer };
    }
    if (status !== 'cancelling') throw new CommandFailed(why || `the synchronization goes on: it is ${status}`);
    if (why !== '' && why !== shown) terminal.out(`It ${why}`);
    shown = why;
    if (terminal.interrupted.aborted || performance.now() > deadline) {
      const what = `${terminal.interrupted.aborted ? 'interrupted: ' : ''}the synchronization is still being stopped`;
      throw new CommandFailed(`${what}${why === '' ? '' : `: it ${why}`}. It goes on stopping: ${advice}`);
    }
    await sleep(POLL_MS);
  }
}
