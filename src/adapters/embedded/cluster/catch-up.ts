import type { DocumentChange, StorageServer } from '../engine/types.ts';

/** Changes in one storage transaction of a follower that catches up. */
const CHANGES_PER_STEP = 1000;

/**
 * Makes a follower's shard equal to its leader's: what differs is removed or written as ordinary operations of the
 * follower's own log (reference 6.5). Removals go first, since a revision may not stand twice in a shard.
 */
export function catchUp(leader: StorageServer, follower: StorageServer, database: string, shard: string): void {
  const wanted = leader.database(database)?.collection(shard);
  const present = follower.database(database)?.collection(shard);
  if (wanted === undefined || present === undefined) return;
  const removals: DocumentChange[] = [];
  for (const document of present.documents()) {
    if (wanted.get(document.key)?.rev === document.rev) continue;
    removals.push({ kind: 'remove', key: document.key, rev: document.rev });
  }
  apply(follower, database, shard, removals);
  const puts: DocumentChange[] = [];
  for (const document of wanted.documents()) {
    if (present.get(document.key) === undefined) puts.push({ kind: 'put', document });
  }
  apply(follower, database, shard, puts);
  follower.adoptClock(leader.nextRevision());
}

function apply(follower: StorageServer, database: string, shard: string, changes: readonly DocumentChange[]): void {
  for (let start = 0; start < changes.length; start += CHANGES_PER_STEP) {
    follower.applyChanges(database, shard, changes.slice(start, start + CHANGES_PER_STEP));
  }
}
