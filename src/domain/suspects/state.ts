import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { KnownEvent } from '../../events/vocabulary.ts';
import { withEntries, withoutKeys } from '../collections.ts';
import type { Occurrence } from '../decision.ts';

/** A shard of this target to which an old write may still land (S4). */
export interface Suspect {
  readonly shard: ShardRef;
  readonly reason: string;
  /** Of the newest commit that suspected it: from there the quiet time counts. Names this suspicion. */
  readonly position: number;
  /** Time of that commit, to show. */
  readonly at: string;
}

/**
 * Suspect shards by {@link shardKey}. They outlive the list of shards: a shard that was removed, or a synchronization that
 * was configured again, does not call back what is on its way.
 */
export type Suspects = ReadonlyMap<string, Suspect>;

export const initialSuspects: Suspects = new Map();

export function evolveSuspects(state: Suspects, event: KnownEvent, { position, at }: Occurrence): Suspects {
  switch (event.type) {
    case 'ShardsSuspected': {
      const { shards, reason } = event.data;
      return withEntries(
        state,
        shards.map((shard) => [shardKey(shard), { shard, reason, position, at }]),
      );
    }
    case 'SuspicionsSettled':
      return withoutKeys(state, event.data.shards.map(shardKey));
    case 'SyncStopped':
      // Stopped means waited out, unless somebody would not wait: then it is still on its way.
      return event.data.unsettledShards === undefined ? initialSuspects : state;
    default:
      return state;
  }
}
