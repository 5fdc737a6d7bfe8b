import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { SettledDifference, ShardDifference, VerifiedBy } from '../../events/types/verification.ts';
import type { EventData } from '../../events/vocabulary.ts';
import { byText } from '../collections.ts';
import { type Decision, decided, rejected } from '../decision.ts';
import type { IncomingShards } from '../shards/state.ts';
import type { Synchronization } from '../synchronization/state.ts';
import type { Difference, Verification } from './state.ts';

/** Shards were found to differ; with `repair` they are about to be caught up with. */
export interface NoteDifferences {
  readonly kind: 'note-differences';
  readonly by: VerifiedBy;
  readonly repair: boolean;
  readonly found: readonly ShardDifference[];
}

/** Shards that differed are as the source's. */
export interface SettleDifferences {
  readonly kind: 'settle-differences';
  readonly settled: readonly SettledDifference[];
}

/** Every shard was held against the source. */
export interface CompleteVerification extends EventData<'VerificationCompleted'> {
  readonly kind: 'complete-verification';
}

/** The same difference is told once, however often it is met; a repair is told each time, since somebody orders it. */
export function noteDifferences(
  { phase }: Synchronization,
  shards: IncomingShards,
  { differences }: Verification,
  { by, repair, found }: NoteDifferences,
): Decision {
  if (phase !== 'active') return rejected(412, 'not-active', `the synchronization is ${phase}`);
  const news = inOrder(found).filter(({ shard, ...rest }) => {
    const key = shardKey(shard);
    return shards.byKey.has(key) && (repair || !isKnown(differences.get(key), { shard, ...rest }));
  });
  return news.length === 0 ? decided() : decided({ type: 'DifferencesFound', data: { by, repair, found: news } });
}

/** What was not known to differ needs no settling. */
export function settleDifferences({ differences }: Verification, { settled }: SettleDifferences): Decision {
  const known = inOrder(settled).filter(({ shard }) => differences.has(shardKey(shard)));
  return known.length === 0 ? decided() : decided({ type: 'DifferencesSettled', data: { settled: known } });
}

export function completeVerification({ phase }: Synchronization, { kind: _, ...pass }: CompleteVerification): Decision {
  return phase === 'active' ? decided({ type: 'VerificationCompleted', data: pass }) : decided();
}

/** Counts change with every write: documents by name, and that it differs, do not. */
function isKnown(known: Difference | undefined, { documents }: ShardDifference): boolean {
  if (known === undefined) return false;
  return documents === undefined || JSON.stringify(known.documents) === JSON.stringify(documents);
}

/** Each once, in the order of their names. */
function inOrder<T extends { readonly shard: ShardRef }>(list: readonly T[]): readonly T[] {
  const byKey = new Map(list.map((each) => [shardKey(each.shard), each]));
  return [...byKey].sort(([a], [b]) => byText(a, b)).map(([, each]) => each);
}
