import {
  type Channels,
  type ShardRef,
  type ShardWithChannels,
  type SyncStatus,
  shardKey,
  type Way,
} from '../../events/types/parts.ts';
import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { withEntries, withoutKeys, writable } from '../collections.ts';
import type { Occurrence } from '../decision.ts';
import { versionOf } from '../version-of.ts';

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
  /**
   * Shards that were received since the last stop and are not now, though what came into them stays here: they are not
   * selected any longer. By {@link shardKey}.
   */
  readonly leftOut: ReadonlyMap<string, ShardRef>;
  /** Whether a structure report came under this configuration: before it, no shards means nothing is known. */
  readonly reported: boolean;
  /** Names the list with its channels; another text whenever one of them changes. */
  readonly version: string;
}

export const initialIncomingShards: IncomingShards = {
  byKey: new Map(),
  leftOut: new Map(),
  reported: false,
  version: '0',
};

export function evolveIncomingShards(state: IncomingShards, event: KnownEvent, occurrence: Occurrence): IncomingShards {
  switch (event.type) {
    case 'SyncConfigured': {
      // One before may have failed: it was not stopped, and what came in by it is here.
      const before = [...state.byKey.values()].map(({ shard }) => shard);
      return { ...initialIncomingShards, leftOut: withLeftOut(state, before), version: versionOf(occurrence) };
    }
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
        leftOut: event.data.leftOut === true ? withLeftOut(state, event.data.shards) : state.leftOut,
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
  const byKey = addShards(state.byKey, shards, occurrence);
  const again = shards.map(({ shard }) => shardKey(shard)).filter((key) => state.leftOut.has(key));
  const leftOut = again.length === 0 ? state.leftOut : withoutKeys(state.leftOut, again);
  return { ...state, byKey, leftOut, version: versionOf(occurrence) };
}

function withLeftOut({ leftOut }: IncomingShards, shards: readonly ShardRef[]): IncomingShards['leftOut'] {
  return withEntries(
    leftOut,
    shards.map((shard) => [shardKey(shard), shard] as const),
  );
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
  const after = writable(state);
  for (const change of changes) {
    const key = shardKey(change.shard);
    const known = state.get(key);
    if (known === undefined) continue;
    const { shard, channels } = known;
    const { status, message, way, reason } = change;
    after.set(key, { shard, channels, status, message, way, reason, changedAt: at });
  }
  return after;
}
