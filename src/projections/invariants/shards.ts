import type { Control } from '../../domain/control.ts';
import type { Shards } from '../../domain/shards/state.ts';
import { type ShardRef, type ShardWithChannels, shardKey } from '../../events/types/parts.ts';
import { type EventRule, must, type Violation } from './rule.ts';

/** Shards change only while they are there, and begin anew on channels that they did not have before. */
export const shardRules: EventRule = (before, event) => {
  const incoming = before.shards.byKey;
  switch (event.type) {
    case 'ShardsAdded':
      return event.data.shards.flatMap(({ shard }) =>
        must(!incoming.has(shardKey(shard)), 'shard-added-once', `${shardKey(shard)} was there already`),
      );
    case 'ShardsRemoved':
      return known(incoming, event.data.shards);
    case 'ShardResetRequested':
      return event.data.shards.flatMap((shard) => [...known(incoming, [shard.shard]), ...newChannels(incoming, shard)]);
    case 'ShardStatesChanged': {
      const side = sideOf(before, event.data.targetId);
      const shards = event.data.changes.map(({ shard }) => shard);
      if (side !== undefined) return known(side, shards);
      return [{ rule: 'target-known', detail: `target ${event.data.targetId ?? ''} is not registered` }];
    }
    default:
      return [];
  }
};

/** A target is known before it has shards or pauses, and a synchronization of it that has ended is over (S12). */
export const outgoingRules: EventRule = ({ outgoing, endedEpochs }, event) => {
  switch (event.type) {
    case 'OutgoingRegistered': {
      const { targetId, epoch } = event.data;
      const isOver = epoch !== undefined && epoch <= (endedEpochs.get(targetId) ?? 0);
      return must(
        !isOver,
        'epoch-not-ended',
        `target ${targetId} registered synchronization ${epoch}, which has ended`,
      );
    }
    case 'OutgoingEpochEnded': {
      const { targetId, epoch } = event.data;
      const rises = epoch > (endedEpochs.get(targetId) ?? 0);
      return must(rises, 'epoch-ends-once', `synchronization ${epoch} of target ${targetId} had ended already`);
    }
    case 'OutgoingShardsAdded':
    case 'OutgoingShardsRemoved':
    case 'OutgoingPaused':
    case 'OutgoingResumed':
    case 'OutgoingLogReleased':
    case 'OutgoingStopped': {
      const { targetId } = event.data;
      const target = outgoing.get(targetId);
      if (target === undefined) return [{ rule: 'target-known', detail: `target ${targetId} is not registered` }];
      if (event.type === 'OutgoingShardsRemoved') return known(target.shards, event.data.shards);
      if (event.type === 'OutgoingShardsAdded') {
        return event.data.shards.flatMap((shard) => newChannels(target.shards, shard));
      }
      return [];
    }
    default:
      return [];
  }
};

function sideOf({ shards, outgoing }: Control, targetId: string | undefined): Shards | undefined {
  return targetId === undefined ? shards.byKey : outgoing.get(targetId)?.shards;
}

function known(shards: Shards, named: readonly ShardRef[]): readonly Violation[] {
  return named.flatMap((shard) =>
    must(shards.has(shardKey(shard)), 'shard-known', `${shardKey(shard)} is not being synchronized`),
  );
}

function newChannels(shards: Shards, { shard, channels }: ShardWithChannels): readonly Violation[] {
  const before = shards.get(shardKey(shard))?.channels;
  return must(
    before === undefined || before.data !== channels.data || before.control !== channels.control,
    'channels-once',
    `${shardKey(shard)} began anew on the channels that it had`,
  );
}
