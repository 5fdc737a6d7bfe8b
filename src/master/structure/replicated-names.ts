import { targetNameOf } from '../../replication/target/target-names.ts';

/** System collections that are replicated (master-api §8); the target keeps `_jobs` and `_queues` under other names. */
const replicated = [
  '_users',
  '_graphs',
  '_analyzers',
  '_apps',
  '_appbundles',
  '_aqlfunctions',
  '_queues',
  '_jobs',
] as const;
const replicatedNames: ReadonlySet<string> = new Set(replicated);
const sourceNames: ReadonlyMap<string, string> = new Map(replicated.map((name) => [targetNameOf(name), name]));

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
  return replicatedNames.has(name) ? name : undefined;
}
