import { SyncInfo } from '../../src/wire/sync-info.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import { liftBarrier } from './barrier.ts';

/** After a failed stop: lifts the barrier unless stopping has begun. The error tells how things stand, and what to do. */
export async function asBefore(masters: MasterClient, error: unknown): Promise<Error> {
  const why = error instanceof Error ? error.message : String(error);
  const next = "If the source is gone, run 'arangosync abort sync'";
  try {
    const { status } = await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
    if (status === 'cancelling' || status === 'inactive') return new CommandFailed(why, { cause: error });
    await liftBarrier(masters);
    return new CommandFailed(`${why}. Nothing was stopped, and the source is writable again. ${next}.`, {
      cause: error,
    });
  } catch (failure) {
    const also = failure instanceof Error ? failure.message : String(failure);
    return new CommandFailed(
      `${why}. The source may still be read-only (${also}): run 'arangosync stop sync' again. ${next}.`,
      { cause: error },
    );
  }
}
