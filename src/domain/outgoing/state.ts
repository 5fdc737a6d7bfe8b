import { shardKey } from '../../events/types/parts.ts';
import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { withEntry, withoutKeys } from '../collections.ts';
import type { Occurrence } from '../decision.ts';
import { addShards, changeShards, type Shards } from '../shards/state.ts';

/** A target that follows this deployment. */
export interface OutgoingTarget extends EventData<'OutgoingRegistered'> {
  readonly registeredAt: string;
  readonly shards: Shards;
  /** Version of the target's shard list that is recorded; null before the first. */
  readonly shardsVersion: string | null;
}

/** Targets by deployment id. */
export type Outgoing = ReadonlyMap<string, OutgoingTarget>;

export const initialOutgoing: Outgoing = new Map();

export function evolveOutgoing(state: Outgoing, event: KnownEvent, occurrence: Occurrence): Outgoing {
  switch (event.type) {
    case 'OutgoingRegistered': {
      const { registeredAt, shards, shardsVersion } = state.get(event.data.targetId) ?? {
        registeredAt: occurrence.at,
        shards: new Map(),
        shardsVersion: null,
      };
      return withEntry(state, event.data.targetId, { ...event.data, registeredAt, shards, shardsVersion });
    }
    case 'OutgoingShardsAdded':
      return change(state, event.data.targetId, (target) => ({
        shards: addShards(target.shards, event.data.shards, occurrence),
        shardsVersion: event.data.version,
      }));
    case 'OutgoingShardsRemoved':
      return change(state, event.data.targetId, (target) => ({
        shards: withoutKeys(target.shards, event.data.shards.map(shardKey)),
      }));
    case 'ShardStatesChanged':
      if (event.data.targetId === undefined) return state;
      return change(state, event.data.targetId, (target) => ({
        shards: changeShards(target.shards, event.data.changes, occurrence),
      }));
    case 'OutgoingStopped':
      return withoutKeys(state, [event.data.targetId]);
    default:
      return state;
  }
}

function change(
  state: Outgoing,
  targetId: string,
  changes: (target: OutgoingTarget) => Partial<OutgoingTarget>,
): Outgoing {
  const target = state.get(targetId);
  return target === undefined ? state : withEntry(state, targetId, { ...target, ...changes(target) });
}
