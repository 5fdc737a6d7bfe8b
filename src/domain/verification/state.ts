import { shardKey } from '../../events/types/parts.ts';
import type { ShardDifference, VerifiedBy } from '../../events/types/verification.ts';
import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import { withEntries, withoutKeys } from '../collections.ts';
import type { Occurrence } from '../decision.ts';

/** A shard of this target that was found to differ from its source's, and not found equal since. */
export interface Difference extends ShardDifference {
  readonly by: VerifiedBy;
  /** When it was found first. */
  readonly at: string;
}

/** What is known of how this target compares with its source. */
export interface Verification {
  /** The last time that every shard was looked at; null before the first. */
  readonly lastPass: (EventData<'VerificationCompleted'> & { readonly at: string }) | null;
  /** By {@link shardKey}. */
  readonly differences: ReadonlyMap<string, Difference>;
}

export const initialVerification: Verification = { lastPass: null, differences: new Map() };

export function evolveVerification(state: Verification, event: KnownEvent, { at }: Occurrence): Verification {
  switch (event.type) {
    case 'SyncConfigured':
    case 'SyncStopped':
      return initialVerification;
    case 'DifferencesFound':
      return { ...state, differences: withFound(state.differences, event.data, at) };
    case 'DifferencesSettled':
      return without(
        state,
        event.data.settled.map(({ shard }) => shardKey(shard)),
      );
    case 'ShardsRemoved':
      return without(state, event.data.shards.map(shardKey));
    case 'VerificationCompleted':
      return { ...state, lastPass: { ...event.data, at } };
    default:
      return state;
  }
}

function withFound(
  known: Verification['differences'],
  { by, found }: EventData<'DifferencesFound'>,
  at: string,
): Verification['differences'] {
  return withEntries(
    known,
    found.map((difference) => {
      const key = shardKey(difference.shard);
      return [key, { ...difference, by, at: known.get(key)?.at ?? at }];
    }),
  );
}

function without(state: Verification, keys: readonly string[]): Verification {
  if (!keys.some((key) => state.differences.has(key))) return state;
  return { ...state, differences: withoutKeys(state.differences, keys) };
}
