import { setTimeout as sleep } from 'node:timers/promises';
import { BarrierInfo } from '../../src/wire/sync-commands.ts';
import type { Terminal } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';

const POLL_MS = 250;
/** The same progress again is shown at most this often. */
const SHOW_EVERY_MS = 5_000;
const PATH = '/_api/sync/barrier';

/**
 * Makes the source read-only and waits until the target has everything. Rejects when that is not so by `deadline` or the
 * operator interrupts: whoever called lifts the barrier then.
 */
export async function waitBehindBarrier(masters: MasterClient, terminal: Terminal, deadline: number): Promise<void> {
  await masters.tell({ method: 'POST', path: PATH });
  let [shown, shownAt] = ['', 0];
  for (;;) {
    const info = await masters.ask({ method: 'GET', path: PATH }, BarrierInfo);
    const { in_sync_shards: inSync = 0, not_in_sync_shards: notInSync = 0, SourceServerReadonly: isReadOnly } = info;
    if (isReadOnly && notInSync === 0) {
      terminal.out(`All ${inSync} shards are in sync.`);
      return;
    }
    const progress = describe(info);
    if (progress !== shown || performance.now() - shownAt > SHOW_EVERY_MS) {
      terminal.out(progress);
      [shown, shownAt] = [progress, performance.now()];
    }
    if (terminal.interrupted.aborted) throw new CommandFailed(`interrupted: ${progress}`);
    if (performance.now() > deadline) throw new CommandFailed(`not in sync within the time given: ${progress}`);
    await sleep(POLL_MS);
  }
}

/** Lets users write at the source again. */
export async function liftBarrier(masters: MasterClient): Promise<void> {
  await masters.tell({ method: 'DELETE', path: PATH });
}

function describe(info: BarrierInfo): string {
  const { in_sync_shards: inSync = 0, not_in_sync_shards: notInSync = 0, message } = info;
  const what = info.SourceServerReadonly
    ? `The source is read-only; ${inSync} of ${inSync + notInSync} shards are in sync`
    : 'Waiting until nobody writes at the source any more';
  return message === undefined ? what : `${what} (${message})`;
}
