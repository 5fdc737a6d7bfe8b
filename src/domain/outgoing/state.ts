import type { ServerTick } from '../../events/types/barrier.ts';
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
  /** The source is read-only until the target has caught up; null while it is not. */
  readonly barrier: Barrier | null;
  /** The target has paused; null while it has not. */
  readonly pause: OutgoingPause | null;
}

/** A target that has paused, and our log that is kept for it. */
export interface OutgoingPause extends EventData<'OutgoingPaused'> {
  readonly since: string;
  /** Why the log is no longer kept; null while it is. */
  readonly released: string | null;
}

/** A barrier (S8). Its epoch ends when it is established, and when it is lifted, by whomever: another one is another epoch. */
export interface Barrier {
  readonly epoch: string;
  /** The epoch under which it was set: by that the target knows of it. */
  readonly setAs: string;
  /** Time at which it was set. */
  readonly since: string;
  /** Ends of the source's logs behind which nothing was written; null until every server refused writes. */
  readonly ticks: readonly ServerTick[] | null;
}

/** Targets by deployment id. */
export type Outgoing = ReadonlyMap<string, OutgoingTarget>;

export const initialOutgoing: Outgoing = new Map();

export function evolveOutgoing(state: Outgoing, event: KnownEvent, occurrence: Occurrence): Outgoing {
  switch (event.type) {
    case 'OutgoingRegistered': {
      const { registeredAt, shards, shardsVersion, barrier, pause } = state.get(event.data.targetId) ?? {
        registeredAt: occurrence.at,
        shards: new Map(),
        shardsVersion: null,
        barrier: null,
        pause: null,
      };
      const kept = { registeredAt, shards, shardsVersion, barrier, pause };
      return withEntry(state, event.data.targetId, { ...event.data, ...kept });
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
    case 'BarrierSet':
      return change(state, event.data.targetId, () => ({
        barrier: { epoch: event.data.epoch, setAs: event.data.epoch, since: occurrence.at, ticks: null },
      }));
    case 'BarrierEstablished':
      return change(state, event.data.targetId, ({ barrier }) => ({
        barrier: barrier?.epoch === event.data.epoch ? established(barrier, event.data) : barrier,
      }));
    case 'BarrierLifted':
      return change(state, event.data.targetId, ({ barrier }) => ({
        barrier: barrier?.epoch === event.data.epoch ? null : barrier,
      }));
    case 'OutgoingPaused':
      return change(state, event.data.targetId, ({ pause }) => ({
        pause: { ...event.data, since: pause?.since ?? occurrence.at, released: null },
      }));
    case 'OutgoingLogReleased':
      return change(state, event.data.targetId, ({ pause }) => ({
        pause: pause === null ? null : { ...pause, released: event.data.reason },
      }));
    case 'OutgoingResumed':
      return change(state, event.data.targetId, () => ({ pause: null }));
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

function established(
  { epoch, ...barrier }: Barrier,
  { ticks, establishedEpoch = epoch }: EventData<'BarrierEstablished'>,
): Barrier {
  return { ...barrier, epoch: establishedEpoch, ticks };
}
