import { REPLICATED_SYSTEM_COLLECTIONS, targetNameOf } from '../../replication/system-collections.ts';

const sourceNames: ReadonlyMap<string, string> = new Map(
  [...REPLICATED_SYSTEM_COLLECTIONS].map(([source, target]) => [target, source]),
);

/** On which side of a synchronization a deployment is looked at. */
export type Side = 'source' | 'target';

/** The name under which this side keeps a collection that the source calls `name`. */
export function localName(name: string, side: Side): string {
  return side === 'source' ? name : targetNameOf(name);
}

/**
 * The source's name of a collection that this side calls `name`, or undefined when that one takes no part: system
 * collections that are not replicated, ours among them, and on the target those that `_queues` and `_jobs` do not fill.
 */
export function sourceName(name: string, isSystem: boolean, side: Side): string | undefined {
  if (!isSystem) return name;
  if (side === 'target') return sourceNames.get(name);
  return REPLICATED_SYSTEM_COLLECTIONS.has(name) ? name : undefined;
}
