import {
  type Channels,
  type ShardRef,
  type ShardWithChannels,
  type SyncStatus,
  shardKey,
  type Way,
} from '../../events/types/parts.ts';
import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { withEntries, withoutKeys } from '../collections.ts';
import type { Occurrence } from '../decision.ts';

/** One shard on one side. */
export interface Shard {
  readonly shard: ShardRef;
  readonly channels: Channels;
  readonly status: SyncStatus;
  /** What a person must know; `''` while nothing is wrong. */
  readonly message: string;
  readonly way: Way;
  readonly reason: string;
  /** Time of the last transition. */
  readonly changedAt: string;
}

/** Shards by {@link shardKey}. */
export type Shards = ReadonlyMap<string, Shard>;

/** The shards that this deployment receives. */
export interface IncomingShards {
  readonly byKey: Shards;
  /** Whether a structure report came under this configuration: before it, no shards means nothing is known. */
  readonly reported: boolean;
  /** Names the list with its channels; another text whenever one of them changes. */
  readonly version: string;
}

export const initialIncomingShards: IncomingShards = { byKey: new Map(), reported: false, version: '0' };

export function evolveIncomingShards(state: IncomingShards, event: KnownEvent, occurrence: Occurrence): IncomingShards {
  switch (event.type) {
    case 'SyncConfigured':
    case 'SyncStopped':
      return { ...initialIncomingShards, version: versionOf(occurrence) };
    case 'ShardsAdded':
      return { ...withShards(state, event.data.shards, occurrence), reported: true };
    case 'ShardResetRequested':
      return withShards(state, event.data.shards, occurrence);
    case 'SyncResumed':
      return { ...state, byKey: begunAnew(state.byKey, occurrence) };
    case 'ShardsRemoved':
      return {
        ...state,
        byKey: withoutKeys(state.byKey, event.data.shards.map(shardKey)),
        version: versionOf(occurrence),
      };
    case 'ShardStatesChanged':
      if (event.data.targetId !== undefined) return state;
      return { ...state, byKey: changeShards(state.byKey, event.data.changes, occurrence) };
    default:
      return state;
  }
}

function withShards(
  state: IncomingShards,
  shards: readonly ShardWithChannels[],
  occurrence: Occurrence,
): IncomingShards {
  return { ...state, byKey: addShards(state.byKey, shards, occurrence), version: versionOf(occurrence) };
}

/** With its time: a log that lost its end may have another event at the same position (S18). */
function versionOf({ position, at }: Occurrence): string {
  return `${position} ${at}`;
}

/** Shards that begin, or begin anew on other channels. */
export function addShards(state: Shards, added: readonly ShardWithChannels[], { at }: Occurrence): Shards {
  return withEntries(
    state,
    added.map(({ shard, channels }) => [
      shardKey(shard),
      { shard, channels, status: 'initializing', message: '', way: 'none', reason: '', changedAt: at },
    ]),
  );
}

/** Shards that were left alone for a while, on the channels that they have: nothing is known of them until they are opened. */
function begunAnew(state: Shards, occurrence: Occurrence): Shards {
  return addShards(state, [...state.values()], occurrence);
}

/** Transitions of shards; of those that are no longer there, nothing. */
export function changeShards(
  state: Shards,
  changes: EventData<'ShardStatesChanged'>['changes'],
  { at }: Occurrence,
): Shards {
  const changed: (readonly [string, Shard])[] = [];
  for (const change of changes) {
    const key = shardKey(change.shard);
    const known = state.get(key);
    if (known === undefined) continue;
    const { shard, channels } = known;
    const { status, message, way, reason } = change;
    changed.push([key, { shard, channels, status, message, way, reason, changedAt: at }]);
  }
  return withEntries(state, changed);
}
