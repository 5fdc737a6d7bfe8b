import type { Collection } from './collection.ts';
import type { Commit } from './commit.ts';
import type { DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import type { UniqueIndex } from './unique-index.ts';

/**
 * A collection as one writer sees it: what is committed ({@link CommittedView}), or a transaction's own state
 * (`TransactionView`). All rules of writing are built on this alone.
 */
export interface DocumentView {
  readonly collection: Collection;
  find(key: string): DocumentVersion | undefined;
  /** Throws 1200 when another transaction has the key. */
  lock(key: string): void;
  /** Throws 1200 when another transaction has the entry. */
  lockEntry(index: UniqueIndex, entry: string): void;
  owner(index: UniqueIndex, entry: string): DocumentVersion | undefined;
  withRevision(high: number, low: number): DocumentVersion | undefined;
  put(version: DocumentVersion, before: DocumentVersion | undefined): void;
  remove(version: DocumentVersion): void;
}

/** Writes straight into the collection, within one commit. */
export class CommittedView implements DocumentView {
  readonly collection: Collection;
  readonly #commit: Commit;

  constructor(collection: Collection, commit: Commit) {
    this.collection = collection;
    this.#commit = commit;
  }

  find(key: string): DocumentVersion | undefined {
    return this.collection.current(key);
  }

  lock(key: string): void {
    if (this.collection.keyLocks.has(key)) throw lockedKey(key);
  }

  lockEntry(index: UniqueIndex, entry: string): void {
    if (index.locks.has(entry)) throw lockedEntry(index);
  }

  owner(index: UniqueIndex, entry: string): DocumentVersion | undefined {
    return index.owner(entry);
  }

  withRevision(high: number, low: number): DocumentVersion | undefined {
    return this.collection.withRevision(high, low);
  }

  put(version: DocumentVersion, before: DocumentVersion | undefined): void {
    this.#commit.put(version, before);
  }

  remove(version: DocumentVersion): void {
    this.#commit.remove(version);
  }
}

/** A write-write conflict on a key (reference 1.4, the text of 3.11 and later). */
export function lockedKey(key: string): EngineError {
  const text = `Timeout waiting to lock key - in index primary of type primary over '_key'; conflicting key: ${key}`;
  return new EngineError(1200, text);
}

/** A write-write conflict on an entry of a unique index. */
export function lockedEntry(index: UniqueIndex): EngineError {
  const { name, type, fields } = index.definition;
  const over = Array.isArray(fields) ? fields.join(', ') : '';
  return new EngineError(1200, `Timeout waiting to lock key - in index ${name} of type ${type} over '${over}'`);
}
