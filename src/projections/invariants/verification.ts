import { shardKey } from '../../events/types/parts.ts';
import { type EventRule, must } from './rule.ts';

/** Differences are of shards that are received, and are settled once. */
export const verificationRules: EventRule = ({ shards, synchronization, verification }, event) => {
  switch (event.type) {
    case 'DifferencesFound':
      return event.data.found.flatMap(({ shard }) =>
        must(shards.byKey.has(shardKey(shard)), 'shard-known', `${shardKey(shard)} is not being synchronized`),
      );
    case 'DifferencesSettled':
      return event.data.settled.flatMap(({ shard }) =>
        must(
          verification.differences.has(shardKey(shard)),
          'settled-had-differed',
          `${shardKey(shard)} did not differ`,
        ),
      );
    case 'VerificationCompleted':
      return must(synchronization.phase === 'active', 'verified-while-active', 'nothing was followed');
    default:
      return [];
  }
};
