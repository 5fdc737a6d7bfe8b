/**
 * System collections whose content belongs to the users (reference 3.6), with the name under which the target keeps
 * each: jobs that ran on the source must not run again on the target, so they arrive where nothing executes them.
 */
export const REPLICATED_SYSTEM_COLLECTIONS: ReadonlyMap<string, string> = new Map([
  ['_graphs', '_graphs'],
  ['_aqlfunctions', '_aqlfunctions'],
  ['_apps', '_apps'],
  ['_appbundles', '_appbundles'],
  ['_queues', '_queuesbackup'],
  ['_jobs', '_jobsbackup'],
]);

/** Name under which the target keeps a collection of the source. */
export function targetNameOf(collection: string): string {
  return REPLICATED_SYSTEM_COLLECTIONS.get(collection) ?? collection;
}

/** Collections of ours: never replicated, changed or dropped. */
export function isOwnCollection(collection: string): boolean {
  return collection.startsWith('_sync_');
}
