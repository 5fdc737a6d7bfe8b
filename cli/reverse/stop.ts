import { SyncInfo } from '../../src/wire/sync-info.ts';
import type { Terminal } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import { asBefore } from '../stop/as-before.ts';
import { cancel } from '../stop/cancel.ts';
import { cancelInSync } from '../stop/in-sync.ts';

const STATUS = { method: 'GET', path: '/_api/sync?details=short' } as const;

/**
 * Stops behind a barrier and leaves the source read-only. Where a run before has stopped already, the source must be
 * held read-only since: otherwise writes of its own could be lost by following the other side.
 */
export async function stopForReversal(
  source: MasterClient,
  target: MasterClient,
  terminal: Terminal,
  deadline: number,
): Promise<void> {
  const { status } = await target.ask(STATUS, SyncInfo);
  if (status === 'inactive') return assertHeld(source);
  if (status === 'cancelling') {
    await cancel(target, { source_server_mode: 'readonly' }, deadline, terminal);
    return assertHeld(source);
  }
  if (status === 'failed') throw new CommandFailed('the synchronization has failed: it cannot be reversed in sync');
  try {
    await cancelInSync(target, { source_server_mode: 'readonly' }, deadline, terminal);
  } catch (error) {
    throw await asBefore(target, error);
  }
}

async function assertHeld(source: MasterClient): Promise<void> {
  const { held_for: heldFor, hold_broken: holdBroken } = await source.ask(STATUS, SyncInfo);
  if (heldFor !== undefined) return;
  if (holdBroken !== undefined) throw new CommandFailed(holdBroken);
  throw new CommandFailed(
    'the target follows nobody, and the source is not held read-only by a reversal that began before: ' +
      "it may have writes that the target lacks. Run 'arangosync configure sync' for the direction that you want",
  );
}
