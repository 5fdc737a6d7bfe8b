import { shardKey } from '../../events/types/parts.ts';
import { byText } from '../collections.ts';
import { type Context, type Decision, decided, rejected } from '../decision.ts';
import type { Synchronization } from '../synchronization/state.ts';
import type { IncomingShards } from './state.ts';

/** `PUT …/shard/{index}/reset`; all shards of the collection without `shardIndex`. */
export interface ResetShards {
  readonly kind: 'reset-shards';
  readonly database: string;
  readonly collection: string;
  readonly shardIndex?: number;
}

/** Begins shards anew on both sides: their channels change, so that nothing of before can be mistaken for them. */
export function resetShards(
  sync: Synchronization,
  shards: IncomingShards,
  command: ResetShards,
  context: Context,
): Decision {
  if (sync.phase !== 'active') return rejected(412, 'not-active', `the synchronization is ${sync.phase}`);
  const { database, collection, shardIndex } = command;
  const found = [...shards.byKey.values()]
    .map(({ shard }) => shard)
    .filter((shard) => shard.database === database && shard.collection === collection)
    .filter((shard) => shardIndex === undefined || shard.shardIndex === shardIndex)
    .sort((a, b) => byText(shardKey(a), shardKey(b)));
  if (found.length === 0) {
    const which = shardIndex === undefined ? '' : ` shard ${shardIndex}`;
    return rejected(404, 'unknown-shard', `${database}/${collection}${which} is not being synchronized`);
  }
  const anew = found.map((shard) => ({
    shard,
    channels: { data: context.newChannel(), control: context.newChannel() },
  }));
  return decided({ type: 'ShardResetRequested', data: { shards: anew } });
}
