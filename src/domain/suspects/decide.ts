import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { Settlement } from '../../events/types/suspects.ts';
import type { NewEvent } from '../../events/vocabulary.ts';
import { byText } from '../collections.ts';
import { type Decision, decided } from '../decision.ts';
import type { Synchronization } from '../synchronization/state.ts';
import type { Suspects } from './state.ts';

/** A worker does not know the outcome of writes that it sent. */
export interface SuspectShards {
  readonly kind: 'suspect-shards';
  readonly shards: readonly ShardRef[];
  readonly reason: string;
}

/** A suspicion, by the position that names it, was looked into after its quiet time. */
export interface SettledSuspicion {
  readonly shard: ShardRef;
  readonly position: number;
  readonly how: Settlement;
}
export interface SettleSuspicions {
  readonly kind: 'settle-suspicions';
  readonly settled: readonly SettledSuspicion[];
}

/** Each time anew: the quiet time counts from the newest doubt. Without a synchronization nothing is written. */
export function suspectShards({ phase }: Synchronization, { shards, reason }: SuspectShards): Decision {
  return phase === 'inactive' ? decided() : decided(...suspected(shards, reason));
}

/** A suspicion that was renewed meanwhile is another one, and stays. */
export function settleSuspicions(state: Suspects, { settled }: SettleSuspicions): Decision {
  const current = settled.filter(({ shard, position }) => state.get(shardKey(shard))?.position === position);
  const once = new Map(current.map((each) => [shardKey(each.shard), each]));
  const ways = Map.groupBy(once.values(), ({ how }) => how);
  return decided(
    ...[...ways]
      .sort(([a], [b]) => byText(a, b))
      .map(([how, list]): NewEvent => {
        return { type: 'SuspicionsSettled', data: { shards: inOrder(list.map(({ shard }) => shard)), how } };
      }),
  );
}

/** One event for any number of shards; none for none. */
export function suspected(shards: readonly ShardRef[], reason: string): readonly NewEvent[] {
  return shards.length === 0 ? [] : [{ type: 'ShardsSuspected', data: { shards: inOrder(shards), reason } }];
}

/** Each once, in the order of their names. */
function inOrder(shards: readonly ShardRef[]): readonly ShardRef[] {
  const byKey = new Map(shards.map((shard) => [shardKey(shard), shard]));
  return [...byKey].sort(([a], [b]) => byText(a, b)).map(([, shard]) => shard);
}
