import { isOwnCollection, REPLICATED_SYSTEM_COLLECTIONS } from '../system-collections.ts';

export type Verdict =
  | { readonly kind: 'replicated'; readonly targetName: string }
  | { readonly kind: 'excluded'; readonly reason: string };

export interface CollectionTraits {
  readonly name: string;
  readonly type: number;
  readonly isSystem: boolean;
  readonly isSmart: boolean;
  readonly isSmartChild: boolean;
}

/** Whether a collection is replicated, and why not. */
export function judgeCollection({ name, type, isSystem, isSmart, isSmartChild }: CollectionTraits): Verdict {
  if (isOwnCollection(name)) return excluded('belongs to the replication itself');
  const systemName = REPLICATED_SYSTEM_COLLECTIONS.get(name);
  if (systemName !== undefined) return { kind: 'replicated', targetName: systemName };
  if (name === '_users') return excluded('replicated as users, not as documents');
  if (name === '_analyzers') return excluded('replicated as analyzers, not as documents');
  if (isSmartChild || (isSmart && type === 3)) return excluded('not replicated yet: smart edge collections');
  if (isSystem) return excluded('internal to each deployment');
  return { kind: 'replicated', targetName: name };
}

function excluded(reason: string): Verdict {
  return { kind: 'excluded', reason };
}
