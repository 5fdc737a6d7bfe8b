import { impossible, lastingDifference, unfollowable } from './structure-problems.ts';
import type { Pair, StructureMemory, TargetStructure } from './structure-steps.ts';

export type Verdict =
  | { readonly kind: 'keep' }
  | { readonly kind: 'create' }
  | { readonly kind: 'make-anew'; readonly reason: string }
  | { readonly kind: 'problem'; readonly reason: string };

export function judge({ source, target: stored }: Pair, target: TargetStructure, memory: StructureMemory): Verdict {
  const never = impossible(source);
  if (never !== undefined) return { kind: 'problem', reason: never };
  if (stored === undefined) return { kind: 'create' };
  const followed = memory.followed.get(stored.id);
  if (followed !== undefined && followed !== source.globallyUniqueId) {
    return { kind: 'make-anew', reason: 'it was made anew on the source' };
  }
  const difference = lastingDifference(source, stored);
  if (difference === undefined) return { kind: 'keep' };
  const { text, kind } = difference;
  const isSharding = kind === 'sharding';
  // What is followed as it is stays so: only an empty one, that the target can make otherwise, is better made anew.
  if (isSharding && (target.kind === 'single' || followed !== undefined)) return { kind: 'keep' };
  if (followed !== undefined) return { kind: 'make-anew', reason: text };
  if (!target.filled.has(stored.id)) return { kind: 'make-anew', reason: `${text}, and the target's is empty` };
  const why = isSharding ? unfollowable(stored) : "the target's holds documents that were not replicated";
  if (why === undefined) return { kind: 'keep' };
  return { kind: 'problem', reason: `${text}, and ${why}: drop or rename it on the target` };
}
