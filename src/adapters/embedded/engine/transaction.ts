import type { Collection } from './collection.ts';
import type { Database } from './database.ts';
import { byRevision, type DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import type { EngineTransaction, TransactionSpec, TransactionStatus } from './types.ts';
import type { UniqueIndex } from './unique-index.ts';
import { type DocumentView, lockedEntry, lockedKey } from './view.ts';

/** One step of a transaction, replayed at its commit: a version put, or the key of a removed one. */
export type TransactionStep =
  | { readonly collection: Collection; readonly put: DocumentVersion }
  | { readonly collection: Collection; readonly removedKey: string };

/**
 * A streaming transaction on one server: reads see the server as it was at the begin plus the own writes; what it writes
 * stays here until the commit; the keys it writes are locked against everybody else.
 */
export class Transaction implements EngineTransaction {
  readonly id: string;
  readonly database: string;
  readonly home: Database;
  readonly spec: TransactionSpec;
  readonly snapshotTick: number;
  readonly steps: TransactionStep[] = [];
  status: TransactionStatus = 'running';
  /** Milliseconds since 1970 of its last use. */
  usedAt: number;
  #bytes = 0;
  readonly #views = new Map<Collection, TransactionView>();

  constructor(spec: TransactionSpec, home: Database, snapshotTick: number, now: number) {
    this.id = spec.id;
    this.database = spec.database;
    this.home = home;
    this.spec = spec;
    this.snapshotTick = snapshotTick;
    this.usedAt = now;
  }

  view(collection: Collection): TransactionView {
    const { spec } = this;
    const declared = [...spec.read, ...spec.write, ...spec.exclusive].some((name) => isNamed(collection, name));
    if (!declared && spec.allowImplicit === false) throw unregistered(collection);
    return this.#viewOf(collection);
  }

  /** As {@link view}, for writing: 1652 unless the collection was declared for it. */
  writableView(collection: Collection): TransactionView {
    const { spec } = this;
    if (![...spec.write, ...spec.exclusive].some((name) => isNamed(collection, name))) throw unregistered(collection);
    return this.#viewOf(collection);
  }

  /** Throws 32 when the transaction has become too large. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= (this.spec.bytesMax ?? Number.POSITIVE_INFINITY)) return;
    throw new EngineError(32, 'aborting transaction because maximal transaction size limit is reached');
  }

  /** Frees the keys and entries; afterwards nothing of it is left in the collections. */
  unlock(): void {
    for (const view of this.#views.values()) view.unlock();
    for (const name of this.spec.exclusive) {
      const collection = this.home.collection(name);
      if (collection?.exclusiveHolder === this) collection.exclusiveHolder = undefined;
    }
  }

  views(): Iterable<TransactionView> {
    return this.#views.values();
  }

  #viewOf(collection: Collection): TransactionView {
    let view = this.#views.get(collection);
    if (view === undefined) {
      view = new TransactionView(this, collection);
      this.#views.set(collection, view);
    }
    return view;
  }
}

/** A transaction's own state of one collection. */
export class TransactionView implements DocumentView {
  readonly collection: Collection;
  readonly #transaction: Transaction;
  readonly #written = new Map<string, DocumentVersion | undefined>();
  readonly #locked = new Set<string>();
  readonly #revisions = new Map<string, DocumentVersion>();
  readonly #entries = new Map<UniqueIndex, Map<string, DocumentVersion | undefined>>();

  constructor(transaction: Transaction, collection: Collection) {
    this.#transaction = transaction;
    this.collection = collection;
  }

  find(key: string): DocumentVersion | undefined {
    return this.#written.has(key) ? this.#written.get(key) : this.#atBegin(key);
  }

  count(): number {
    return this.documents().length;
  }

  documents(): DocumentVersion[] {
    const tick = this.#transaction.snapshotTick;
    const { collection } = this;
    const seen = collection.versions().filter((version) => version.tick <= tick);
    const past = collection.history.allAt(tick);
    const untouched = [...seen, ...past].filter((version) => !this.#written.has(version.key));
    const own = [...this.#written.values()].filter((version) => version !== undefined);
    return [...untouched, ...own].sort(byRevision);
  }

  lock(key: string): void {
    const { keyLocks, history } = this.collection;
    const holder = keyLocks.get(key);
    if (holder === this.#transaction) return;
    const tick = this.#transaction.snapshotTick;
    const changedSince = (this.collection.current(key)?.tick ?? 0) > tick || history.endedAfter(key, tick);
    if (holder !== undefined || changedSince) throw lockedKey(key);
    keyLocks.set(key, this.#transaction);
    this.#locked.add(key);
  }

  lockEntry(index: UniqueIndex, entry: string): void {
    const holder = index.locks.get(entry);
    if (holder === this.#transaction) return;
    if (holder !== undefined) throw lockedEntry(index);
    index.locks.set(entry, this.#transaction);
    this.#entriesOf(index).set(entry, index.owner(entry));
  }

  owner(index: UniqueIndex, entry: string): DocumentVersion | undefined {
    const own = this.#entriesOf(index);
    return own.has(entry) ? own.get(entry) : index.owner(entry);
  }

  withRevision(high: number, low: number): DocumentVersion | undefined {
    const own = this.#revisions.get(`${high}:${low}`);
    if (own !== undefined && this.#written.get(own.key) === own) return own;
    const committed = this.collection.withRevision(high, low);
    return committed !== undefined && !this.#written.has(committed.key) ? committed : undefined;
  }

  put(version: DocumentVersion, before: DocumentVersion | undefined): void {
    this.#transaction.grow(version.length);
    if (before !== undefined) this.#leaveEntries(before);
    for (const index of this.collection.uniqueIndexes) {
      for (const entry of index.entriesOf(version)) {
        this.lockEntry(index, entry);
        this.#entriesOf(index).set(entry, version);
      }
    }
    this.#written.set(version.key, version);
    this.#revisions.set(`${version.revisionHigh}:${version.revisionLow}`, version);
    this.#transaction.steps.push({ collection: this.collection, put: version });
  }

  remove(version: DocumentVersion): void {
    this.#transaction.grow(version.key.length);
    this.#leaveEntries(version);
    this.#written.set(version.key, undefined);
    this.#transaction.steps.push({ collection: this.collection, removedKey: version.key });
  }

  /** What this transaction leaves behind: keys with their last version, undefined where removed. */
  written(): ReadonlyMap<string, DocumentVersion | undefined> {
    return this.#written;
  }

  unlock(): void {
    const { keyLocks } = this.collection;
    for (const key of this.#locked) if (keyLocks.get(key) === this.#transaction) keyLocks.delete(key);
    for (const [index, entries] of this.#entries) {
      for (const entry of entries.keys()) {
        if (index.locks.get(entry) === this.#transaction) index.locks.delete(entry);
      }
    }
  }

  #leaveEntries(version: DocumentVersion): void {
    for (const index of this.collection.uniqueIndexes) {
      for (const entry of index.entriesOf(version)) {
        this.lockEntry(index, entry);
        if (this.#entriesOf(index).get(entry)?.key === version.key) this.#entriesOf(index).set(entry, undefined);
      }
    }
  }

  #entriesOf(index: UniqueIndex): Map<string, DocumentVersion | undefined> {
    let entries = this.#entries.get(index);
    if (entries === undefined) {
      entries = new Map();
      this.#entries.set(index, entries);
    }
    return entries;
  }

  #atBegin(key: string): DocumentVersion | undefined {
    const tick = this.#transaction.snapshotTick;
    const current = this.collection.current(key);
    return current !== undefined && current.tick <= tick ? current : this.collection.history.at(key, tick);
  }
}

/** The engine's own object behind the interface. */
export function transactionState(transaction: EngineTransaction): Transaction {
  if (transaction instanceof Transaction) return transaction;
  throw new EngineError(4, 'the transaction is of another engine');
}

function isNamed(collection: Collection, nameOrId: string): boolean {
  return collection.name === nameOrId || collection.id === nameOrId || collection.globallyUniqueId === nameOrId;
}

function unregistered(collection: Collection): EngineError {
  return new EngineError(1652, `unregistered collection used in transaction: ${collection.name}`);
}
