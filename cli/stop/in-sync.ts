import { setTimeout as sleep } from 'node:timers/promises';
import type { Terminal } from '../command.ts';
import { MasterRefused } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import { waitBehindBarrier } from './barrier.ts';
import { cancel, type Ended } from './cancel.ts';

const NOT_IN_SYNC = 412;
const AGAIN_MS = 250;

/**
 * Stops behind a barrier. A shard that was in sync may open its stream again before the end is asked for, and the master
 * refuses until it is back: that is waited for as well, as long as there is time.
 */
export async function cancelInSync(
  masters: MasterClient,
  body: Readonly<Record<string, unknown>>,
  deadline: number,
  terminal: Terminal,
): Promise<Ended> {
  for (;;) {
    await waitBehindBarrier(masters, terminal, deadline);
    try {
      return await cancel(masters, { ensure_in_sync: true, ...body }, deadline, terminal);
    } catch (error) {
      const isForNow = error instanceof MasterRefused && error.status === NOT_IN_SYNC;
      if (!isForNow || terminal.interrupted.aborted || performance.now() > deadline) throw error;
    }
    await sleep(AGAIN_MS);
  }
}
