/** System collections whose content belongs to the users (reference 3.6), and the names they get on the target. */
const REPLICATED_SYSTEM = new Map([
  ['_graphs', '_graphs'],
  ['_aqlfunctions', '_aqlfunctions'],
  ['_apps', '_apps'],
  ['_appbundles', '_appbundles'],
  // Under other names: jobs must not run a second time on the target.
  ['_queues', '_queuesbackup'],
  ['_jobs', '_jobsbackup'],
]);

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
  if (name.startsWith('_sync_')) return excluded('belongs to the replication itself');
  const systemName = REPLICATED_SYSTEM.get(name);
  if (systemName !== undefined) return { kind: 'replicated', targetName: systemName };
  if (name === '_users') return excluded('not replicated yet: users and their grants');
  if (name === '_analyzers') return excluded('not replicated yet: analyzers');
  if (isSmartChild || (isSmart && type === 3)) return excluded('not replicated yet: smart edge collections');
  if (isSystem) return excluded('internal to each deployment');
  return { kind: 'replicated', targetName: name };
}

function excluded(reason: string): Verdict {
  return { kind: 'excluded', reason };
}
