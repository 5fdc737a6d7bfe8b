import { shardKey } from '../../events/types/parts.ts';
import { type EventRule, must } from './rule.ts';

/** A suspicion ends once, and a stop that leaves some behind says how many (S4). */
export const suspectRules: EventRule = ({ suspects }, event) => {
  switch (event.type) {
    case 'SuspicionsSettled':
      return event.data.shards.flatMap((shard) =>
        must(suspects.has(shardKey(shard)), 'settled-was-suspect', `${shardKey(shard)} was not suspect`),
      );
    case 'SyncStopped':
      return must(
        (event.data.unsettledShards ?? 0) <= suspects.size,
        'unsettled-were-suspect',
        `it left ${event.data.unsettledShards} shards unsettled, ${suspects.size} were suspect`,
      );
    default:
      return [];
  }
};
