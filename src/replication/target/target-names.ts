/** Jobs that ran on the source must not run again on the target: they arrive under names that nothing executes. */
const RENAMED = new Map([
  ['_queues', '_queuesbackup'],
  ['_jobs', '_jobsbackup'],
]);

/** Name under which the target keeps a collection of the source. */
export function targetNameOf(collection: string): string {
  return RENAMED.get(collection) ?? collection;
}

/** Collections of ours: never replicated, changed or dropped. */
export function isOwnCollection(collection: string): boolean {
  return collection.startsWith('_sync_');
}
