import type { Collection } from './collection.ts';
import type { Commit } from './commit.ts';
import { DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import type { DocumentChange } from './types.ts';

/** Does on a follower's shard what its leader did: the same bytes, the same revision. */
export function applyChange(collection: Collection, commit: Commit, change: DocumentChange): void {
  if (change.kind === 'remove') {
    const present = collection.current(change.key);
    if (present !== undefined) commit.remove(present);
    return;
  }
  const { document } = change;
  if (!(document instanceof DocumentVersion)) throw new EngineError(4, 'the document is of another engine');
  // As of any key that is given: a follower that leads goes on behind it.
  collection.keys.track(document.key);
  commit.put(document.copyFor(collection), collection.current(document.key));
}
