import type { Database } from './database.ts';
import type { DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import { isValidKey } from './keys.ts';
import { compareRevisions, printRevision } from './revision.ts';
import { RevisionSet } from './revision-set.ts';
import type { Snapshots } from './snapshots.ts';
import { type Transaction, transactionState } from './transaction.ts';
import { RevisionTree, type TreeRange } from './tree.ts';
import type {
  CollectionSpec,
  EngineCollection,
  EngineTransaction,
  IndexDefinition,
  JsonObject,
  KeyGenerator,
  StoredDocument,
} from './types.ts';
import { isEnforced, UniqueIndex } from './unique-index.ts';
import { VersionHistory } from './version-history.ts';

/** From this tick on the tree had this range. */
interface Growth {
  readonly tick: number;
  readonly range: TreeRange;
}

/**
 * One collection of a single server, or one shard of a DB-Server: its committed documents by key and by revision, its
 * unique indexes and its revision tree, always together. Overwritten versions stay in its history while a snapshot sees
 * them.
 *
 * What it does not do, though it keeps the definitions: validate schemas, compute values, expire documents by TTL, or
 * answer from an index.
 */
export class Collection implements EngineCollection {
  readonly database: Database;
  readonly id: string;
  readonly planId: string;
  readonly globallyUniqueId: string;
  readonly type: 2 | 3;
  readonly isSystem: boolean;
  readonly isSmartChild: boolean;
  readonly objectId: string;
  readonly keys: KeyGenerator;
  readonly history = new VersionHistory();
  name: string;
  logicalName: string;
  properties: JsonObject;
  indexes: IndexDefinition[] = [];
  uniqueIndexes: UniqueIndex[] = [];
  /** Bytes that stand between a document's key and the key in its `_id`. */
  idPrefix: Buffer;
  isDropped = false;
  /** The transaction that has the collection for itself. */
  exclusiveHolder: Transaction | undefined;
  /** Which running transaction has written a key. */
  readonly keyLocks = new Map<string, Transaction>();
  /** Tick of the last change of a document. */
  lastChangeTick = 0;

  readonly #snapshots: Snapshots;
  readonly #primary = new Map<string, DocumentVersion>();
  readonly #revisions = new RevisionSet();
  #tree: RevisionTree;
  #growths: Growth[] = [];
  #documentBytes = 0;
  #lastHigh = 0;
  #lastLow = 0;

  constructor(
    database: Database,
    spec: CollectionSpec,
    globallyUniqueId: string,
    keys: KeyGenerator,
    snapshots: Snapshots,
  ) {
    this.database = database;
    this.id = spec.id;
    this.planId = spec.planId ?? spec.id;
    this.name = spec.name;
    this.logicalName = spec.logicalName ?? spec.name;
    this.globallyUniqueId = globallyUniqueId;
    this.type = spec.type;
    this.isSystem = spec.isSystem;
    this.isSmartChild = spec.isSmartChild === true || spec.properties.isSmartChild === true;
    this.properties = spec.properties;
    this.objectId = spec.objectId ?? (BigInt(spec.id) + 1n).toString();
    this.keys = keys;
    this.idPrefix = idPrefixOf(this.logicalName);
    this.#snapshots = snapshots;
    this.#tree = new RevisionTree(this.isSmartChild);
  }

  get waitForSync(): boolean {
    return this.properties.waitForSync === true;
  }

  get lastRevision(): string {
    return printRevision(this.#lastHigh, this.#lastLow);
  }

  get documentBytes(): number {
    return this.#documentBytes;
  }

  get size(): number {
    return this.#primary.size;
  }

  /** Entries of an insert besides the document and its primary key: each takes a tick (6.4). */
  get entriesPerDocument(): number {
    return this.indexes.length + (this.type === 3 ? 2 : 0);
  }

  count(trx?: EngineTransaction): number {
    return trx === undefined ? this.#primary.size : transactionState(trx).view(this).count();
  }

  get(key: string, trx?: EngineTransaction): StoredDocument | undefined {
    return trx === undefined ? this.current(key) : transactionState(trx).view(this).find(key);
  }

  documents(trx?: EngineTransaction): Iterable<StoredDocument> {
    return trx === undefined ? this.#revisions.toArray() : transactionState(trx).view(this).documents();
  }

  /** The committed version of a key. */
  current(key: string): DocumentVersion | undefined {
    return this.#primary.get(key);
  }

  /** The committed document with this revision. */
  withRevision(high: number, low: number): DocumentVersion | undefined {
    return this.#revisions.get(high, low);
  }

  /** All committed documents by revision, as of now. */
  versions(): DocumentVersion[] {
    return this.#revisions.toArray();
  }

  /** Makes a version the current one of its key, at its tick. The revision must be free. */
  put(version: DocumentVersion, before: DocumentVersion | undefined): void {
    if (before !== undefined) this.#retire(before, version.tick);
    this.#link(version, version.tick);
  }

  /** Removes the current version of its key. */
  remove(version: DocumentVersion, tick: number): void {
    this.#retire(version, tick);
    this.lastChangeTick = tick;
  }

  /** Takes a change back, as if it had never been: what was there before is there again. */
  undo(put: DocumentVersion | undefined, before: DocumentVersion | undefined, tick: number): void {
    if (put !== undefined) this.#unlink(put);
    if (before !== undefined) this.#link(before, tick);
    this.lastChangeTick = tick;
  }

  /** Removes everything at once. The tree's range stays (5.8.1), or begins anew as well. */
  clear(tick: number, resetsTree: boolean): void {
    for (const version of this.#primary.values()) this.#remember(version, tick);
    this.#primary.clear();
    this.#revisions.clear();
    for (const index of this.uniqueIndexes) index.clear();
    this.#tree.clear();
    if (resetsTree) this.#tree = new RevisionTree(this.isSmartChild);
    if (resetsTree) this.#growths.push({ tick, range: this.#tree.range });
    this.#documentBytes = 0;
    this.lastChangeTick = tick;
  }

  /** Throws 1210, and changes nothing, when the documents violate it. */
  addIndex(definition: IndexDefinition): void {
    if (isEnforced(definition)) {
      const index = new UniqueIndex(definition);
      for (const version of this.#primary.values()) {
        for (const entry of index.entriesOf(version)) {
          if (index.owner(entry) !== undefined) throw index.violation(version.key);
        }
        index.link(version);
      }
      this.uniqueIndexes = [...this.uniqueIndexes, index];
    }
    this.indexes = [...this.indexes, definition];
  }

  removeIndex(id: string): IndexDefinition {
    const definition = this.indexes.find((index) => index.id === id);
    if (definition === undefined) throw new EngineError(1212, 'index not found');
    this.indexes = this.indexes.filter((index) => index !== definition);
    this.uniqueIndexes = this.uniqueIndexes.filter((index) => index.definition !== definition);
    return definition;
  }

  /** The tree of what is committed now. */
  get tree(): RevisionTree {
    return this.#tree;
  }

  /** An empty tree with the range that the tree had at a tick. */
  emptyTreeAt(tick: number): RevisionTree {
    const growth = this.#growths.findLast((candidate) => candidate.tick <= tick);
    return new RevisionTree(this.isSmartChild, growth?.range);
  }

  /** Computes the tree from the documents, keeping its range. */
  computeTree(): RevisionTree {
    return this.#filled(new RevisionTree(this.isSmartChild, this.#tree.range));
  }

  /** After changes behind this tick were taken back: the tree as if they had never been. */
  forgetTreeAfter(tick: number): void {
    this.#growths = this.#growths.filter((growth) => growth.tick <= tick);
    this.#tree = this.#filled(this.emptyTreeAt(tick));
  }

  rebuildTree(): void {
    this.#tree = this.computeTree();
  }

  #filled(tree: RevisionTree): RevisionTree {
    for (const version of this.#primary.values()) tree.add(version.revisionHigh, version.revisionLow);
    return tree;
  }

  #retire(version: DocumentVersion, tick: number): void {
    this.#unlink(version);
    this.#remember(version, tick);
  }

  #remember(version: DocumentVersion, until: number): void {
    if (this.#snapshots.newest >= version.tick) this.history.add(version, until);
  }

  #link(version: DocumentVersion, tick: number): void {
    const { revisionHigh: high, revisionLow: low } = version;
    if (!this.#revisions.add(version)) throw new EngineError(4, `revision ${version.rev} is used twice in one shard`);
    this.#primary.set(version.key, version);
    for (const index of this.uniqueIndexes) index.link(version);
    if (this.#tree.add(high, low)) this.#growths.push({ tick, range: this.#tree.range });
    this.#documentBytes += version.length;
    this.lastChangeTick = tick;
    if (compareRevisions(high, low, this.#lastHigh, this.#lastLow) > 0) {
      this.#lastHigh = high;
      this.#lastLow = low;
    }
  }

  #unlink(version: DocumentVersion): void {
    this.#primary.delete(version.key);
    this.#revisions.remove(version);
    for (const index of this.uniqueIndexes) index.unlink(version);
    this.#tree.remove(version.revisionHigh, version.revisionLow);
    this.#documentBytes -= version.length;
  }
}

/** What stands between the key and the second key: `","_id":"<name>/`. */
export function idPrefixOf(logicalName: string): Buffer {
  return Buffer.from(`","_id":"${JSON.stringify(logicalName).slice(1, -1)}/`);
}

/** Throws 1221 for a key that cannot be one. */
export function demandValidKey(key: string): void {
  if (!isValidKey(key)) throw new EngineError(1221, 'illegal document key');
}
