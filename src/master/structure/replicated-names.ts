/**
 * System collections that are replicated (master-api §8), and under which name the target keeps them: jobs must not run
 * twice, so `_jobs` and `_queues` arrive under others.
 */
const targetNames: ReadonlyMap<string, string> = new Map([
  ['_users', '_users'],
  ['_graphs', '_graphs'],
  ['_analyzers', '_analyzers'],
  ['_apps', '_apps'],
  ['_appbundles', '_appbundles'],
  ['_aqlfunctions', '_aqlfunctions'],
  ['_queues', '_queuesbackup'],
  ['_jobs', '_jobsbackup'],
]);
const sourceNames: ReadonlyMap<string, string> = new Map([...targetNames].map(([source, target]) => [target, source]));

/** On which side of a synchronization a deployment is looked at. */
export type Side = 'source' | 'target';

/** The name under which this side keeps a collection that the source calls `name`. */
export function localName(name: string, side: Side): string {
  return side === 'source' ? name : (targetNames.get(name) ?? name);
}

/**
 * The source's name of a collection that this side calls `name`, or undefined when that one takes no part: system
 * collections that are not replicated, ours among them, and on the target those that `_queues` and `_jobs` do not fill.
 */
export function sourceName(name: string, isSystem: boolean, side: Side): string | undefined {
  if (!isSystem) return name;
  if (side === 'target') return sourceNames.get(name);
  return targetNames.has(name) ? name : undefined;
}
