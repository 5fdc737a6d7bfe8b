import type { ShardRef } from '../../events/types/parts.ts';
import type { NewEvent } from '../../events/vocabulary.ts';
import type { IncomingShards } from '../shards/state.ts';
import type { Synchronization } from '../synchronization/state.ts';
import type { Tasks } from '../tasks/state.ts';
import { suspected } from './decide.ts';

/**
 * What a worker that did not sign off may have been writing beside its tasks of the log: shards of tasks that were taken
 * from it and that it has not confirmed to have let go. `unknown`: it never told this leader.
 */
export type MayWrite = readonly ShardRef[] | 'unknown';

/** What is looked at when a worker leaves without having signed off. */
export interface HandOver {
  readonly tasks: Tasks;
  readonly shards: IncomingShards;
  readonly synchronization: Synchronization;
}

/**
 * The suspicion that belongs into the commit in which a worker's tasks become free: what it had sent may land after what
 * its successor writes (S4).
 */
export function uncleanHandOver(
  { tasks, shards, synchronization }: HandOver,
  workerId: string,
  mayWrite: MayWrite,
  why: string,
): readonly NewEvent[] {
  const held = [...tasks.values()].flatMap(({ type, shard, workerId: holder }) =>
    holder === workerId && type === 'receive-shard' && shard !== undefined ? [shard] : [],
  );
  const more = mayWrite === 'unknown' ? unknownShards(shards, synchronization) : mayWrite;
  return suspected([...held, ...more], `worker ${workerId} left without letting go of it: it ${why}`);
}

/** While a synchronization is cancelled its tasks are gone already: nobody can say any more what the worker had. */
function unknownShards({ byKey }: IncomingShards, { phase }: Synchronization): readonly ShardRef[] {
  return phase === 'cancelling' ? [...byKey.values()].map(({ shard }) => shard) : [];
}
