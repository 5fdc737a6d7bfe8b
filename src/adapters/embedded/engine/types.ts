import type { Features } from '../versions/features.ts';

/**
 * What the storage engine of the embedded ArangoDB offers to the handlers around it. One {@link StorageServer} is one
 * server process that holds data: a single server, or one DB-Server of a cluster (its collections are then shards).
 *
 * All calls are synchronous: one call is one atomic step, and JavaScript's single thread is the lock. A call that
 * cannot be done throws {@link EngineError} (`engine/errors.ts`) and has changed nothing; per-item failures of a bulk
 * call are outcomes, not exceptions.
 *
 * Documents are bytes. The engine never parses and prints a document again: numbers and escapes stay as they came.
 */

/** A JSON value as it leaves `JSON.parse`; used for definitions, never for documents. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** A piece of valid JSON text: `bytes[start, end)`. Made by `scanItems` of `engine/json/items.ts`. */
export interface JsonText {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** One version of a document as it is stored. Immutable; its bytes may be shared with the log and with followers. */
export interface StoredDocument {
  readonly key: string;
  /** `_rev` as text (5.8.4). */
  readonly rev: string;
  /** The whole document, `{"_key":…,"_id":…,["_from":…,"_to":…,]"_rev":…,…}`. Do not write to it. */
  bytes(): Buffer;
}

/** Where collection, index and view ids and generated keys come from: one source per deployment. */
export interface IdSource {
  /** A decimal id larger than every one before. */
  next(): string;
  /** Makes every later id larger than this one (a decimal text), e.g. after a restored numeric key. */
  raiseTo(id: string): void;
}

/** Time and chance, injected. */
export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** What revisions are made by, where that is another time; default {@link now}. */
  revisionNow?(): number;
  /** Uniform in [0, 1). */
  random(): number;
}

export interface StorageServerOptions {
  readonly role: 'single' | 'dbserver';
  /** `PRMR-…` of a DB-Server; of a single server only its status calls tell it (`SNGL-…`). */
  readonly id: string;
  /** Decimal, at most 48 bits; drawn when absent. */
  readonly serverId?: string;
  readonly ids: IdSource;
  readonly environment?: Environment;
  /** What a server of its version does; default: one of the default version. */
  readonly features?: Features;
  /** Seconds that a client is tracked after its last contact; default 7200 (6.6). */
  readonly clientLifetimeSeconds?: number;
  /** Upper bound of the log in bytes; beyond it the oldest part goes even if a client needs it. Default 2 GiB. */
  readonly walBytesMax?: number;
}

/** What a database is made from. `definition` is told by markers 1100 and by the inventory (`{id,name,isSystem,…}`). */
export interface DatabaseSpec {
  readonly id: string;
  readonly name: string;
  readonly definition?: JsonObject;
}

/** What a collection (on a DB-Server: a shard) is made from. */
export interface CollectionSpec {
  /** Local id: decimal. Of a shard: any decimal unique on this server (e.g. the number in its name). */
  readonly id: string;
  /** The shard's collection's id in the plan; on a single server equal to `id`. */
  readonly planId?: string;
  /** `products`, or `s10061`. */
  readonly name: string;
  /** The storage engine's internal id; default: the one after `id`. */
  readonly objectId?: string;
  /** Name that stands in `_id`; differs from `name` for shards only. */
  readonly logicalName?: string;
  /** Default: reference 3.2 (`h…/id`, the name of a system collection; `c<planId>/s<number>` of a shard). */
  readonly globallyUniqueId?: string;
  /** 2 document, 3 edge. */
  readonly type: 2 | 3;
  readonly isSystem: boolean;
  /** The normalised properties (`waitForSync`, `cacheEnabled`, `schema`, `computedValues`, `keyOptions`, …): opaque but for `waitForSync` and `keyOptions`. */
  readonly properties: JsonObject;
  /** Smallest revision of its tree is 0 instead of 2021 (smart edge children). */
  readonly isSmartChild?: boolean;
}

/** An index as stored. Opaque but for the named members; must hold `id` and `name`. */
export interface IndexDefinition extends JsonObject {
  /** Bare number as text. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly fields?: Json;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  readonly deduplicate?: boolean;
}

/** One database on one server. */
export interface EngineDatabase {
  readonly id: string;
  readonly name: string;
  readonly definition: JsonObject;
  /** Unordered. */
  collections(): readonly EngineCollection[];
  /** By name, by id, or by globallyUniqueId, in the order of 1.1 (a numeric text is an id first). */
  collection(nameOrId: string): EngineCollection | undefined;
  /** Views of a single server; empty on DB-Servers. By name or id. */
  views(): readonly JsonObject[];
  view(nameOrId: string): JsonObject | undefined;
}

/** One collection, or one shard. */
export interface EngineCollection {
  readonly database: EngineDatabase;
  readonly id: string;
  readonly planId: string;
  readonly name: string;
  readonly logicalName: string;
  readonly globallyUniqueId: string;
  readonly type: 2 | 3;
  readonly isSystem: boolean;
  readonly properties: JsonObject;
  /** The internal id of the storage engine (3.2). */
  readonly objectId: string;
  /** Secondary indexes only (no primary, no edge), in order of creation. */
  readonly indexes: readonly IndexDefinition[];
  readonly keys: KeyGenerator;
  /** Committed documents; with a transaction: as it sees them. */
  count(trx?: EngineTransaction): number;
  get(key: string, trx?: EngineTransaction): StoredDocument | undefined;
  /** All documents by rising revision, as of now (of the transaction's view). Safe against writes while iterating. */
  documents(trx?: EngineTransaction): Iterable<StoredDocument>;
  /** The revision the collection saw last (`…/revision`, 3.2). */
  readonly lastRevision: string;
  /** Bytes of all documents. */
  readonly documentBytes: number;
}

/** Makes and judges keys (3.2 `keyOptions`). One lives in each collection; a coordinator makes its own with `createKeyGenerator`. */
export interface KeyGenerator {
  readonly allowUserKeys: boolean;
  next(): string;
  /** Tells the generator of a key that a user gave. */
  track(key: string): void;
  /** Reads back `{allowUserKeys,type,…,lastValue}`; `lastValue` as a single server tells it. */
  describe(): JsonObject;
}

export interface TransactionSpec {
  /** Given by the caller: the coordinator's id, or one of `ids.next()`. */
  readonly id: string;
  readonly database: string;
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly exclusive: readonly string[];
  /** Undeclared collections may be read (default true). */
  readonly allowImplicit?: boolean;
  readonly waitForSync?: boolean;
  /** Bytes; default 512 MiB. Beyond: error 32, and the transaction is aborted. */
  readonly bytesMax?: number;
}

export type TransactionStatus = 'running' | 'committed' | 'aborted';

/** A streaming transaction on one server. Obtained from {@link EngineTransactions}. */
export interface EngineTransaction {
  readonly id: string;
  readonly database: string;
  readonly status: TransactionStatus;
}

export interface EngineTransactions {
  /** Throws 1203 for an unknown collection. */
  begin(spec: TransactionSpec): EngineTransaction;
  /** For use by an operation: throws 404/1655 unknown, 410/1654 ended. */
  use(id: string): EngineTransaction;
  status(id: string): TransactionStatus | undefined;
  running(): readonly EngineTransaction[];
  /** Idempotent; 400/1653 for an aborted one, 404/1655 for an unknown one. What it wrote, per collection, for followers. */
  commit(id: string): CommittedTransaction;
  /** Idempotent; 400/1653 for a committed one. Unknown: 404/1655 the first time, but remembered as aborted. */
  abort(id: string): void;
}

export interface CommittedTransaction {
  readonly changes: readonly CollectionChanges[];
}

export interface CollectionChanges {
  readonly collection: string;
  readonly changes: readonly DocumentChange[];
}

export type DocumentChange =
  | { readonly kind: 'put'; readonly document: StoredDocument }
  | { readonly kind: 'remove'; readonly key: string; readonly rev: string };

export type WriteKind = 'insert' | 'replace' | 'update' | 'remove';

/** One item of a write. */
export interface WriteItem {
  /** The document, the patch, or for `remove`: an object with `_key`/`_id`[,`_rev`], or a text (key or id). Absent for a removal by URL. */
  readonly text?: JsonText;
  /** A key that overrules the one in the text: from the URL, or generated by a coordinator. */
  readonly key?: string;
}

export interface WriteRequest {
  readonly kind: WriteKind;
  readonly items: readonly WriteItem[];
  /** More than one item is possible: logged as a transaction (2200 … 2201) when more than one is written. */
  readonly bulk: boolean;
  readonly waitForSync?: boolean;
  readonly isRestore?: boolean;
  /** Default true. */
  readonly ignoreRevs?: boolean;
  /** A revision demanded by `if-match` (single calls). */
  readonly ifMatch?: string;
  /** Default `conflict`. */
  readonly overwriteMode?: 'conflict' | 'ignore' | 'replace' | 'update';
  /** Default true for update, false for insert with `overwriteMode: 'update'` (4.2). */
  readonly keepNull?: boolean;
  /** Default true. */
  readonly mergeObjects?: boolean;
  readonly versionAttribute?: string;
  /** The collection's shard keys, when a change of their values must be refused (1469). */
  readonly shardKeys?: readonly string[];
  /** The coordinator already judged the keys of this insert (`allowUserKeys`). */
  readonly keysAreJudged?: boolean;
}

export interface WrittenItem {
  readonly ok: true;
  readonly key: string;
  /** The new `_rev`; of a removal: the one removed; of something kept (ignore, empty patch, versionAttribute): the stored one. */
  readonly rev: string;
  /** Present when an existing document was replaced, updated (or kept by versionAttribute or an empty patch). */
  readonly oldRev: string | undefined;
  /** What is stored now; undefined after a removal. */
  readonly newDocument: StoredDocument | undefined;
  readonly oldDocument: StoredDocument | undefined;
}

export interface FailedItem {
  readonly ok: false;
  readonly errorNum: number;
  readonly message: string;
  /** Of a conflict: the stored document, for a single call's body and etag (1.3). */
  readonly key: string | undefined;
  readonly storedRev: string | undefined;
  /** A revision was demanded: a single call answers 412 instead of 409. */
  readonly demanded: boolean;
}

export type ItemOutcome = WrittenItem | FailedItem;

export interface WriteResult {
  /** One per item, in order. */
  readonly outcomes: readonly ItemOutcome[];
  /** For followers, in order; empty inside a streaming transaction (then told by its commit). */
  readonly changes: readonly DocumentChange[];
  /** The write was made durable: answer 201/200 instead of 202. Only if an item succeeded (4.3). */
  readonly synced: boolean;
}

/** A batch (snapshot) of the whole server (5.1). */
export interface EngineBatch {
  readonly id: string;
  readonly lastTick: number;
}

export interface TickRange {
  readonly min: number;
  readonly max: number;
}

/** One server that holds data. */
export interface StorageServer {
  readonly role: 'single' | 'dbserver';
  readonly id: string;
  /** What it does by its version; another one after an upgrade. */
  features: Features;
  /** Decimal, ≤ 48 bits: the fingerprint of its data directory. */
  readonly serverId: string;
  /** 1 at first; +1 at each {@link restart} and {@link losePower}. */
  readonly rebootId: number;
  /** Milliseconds since 1970 of the last (re)start. */
  readonly startedAt: number;
  readonly transactions: EngineTransactions;
  /** Set by server mode and faults: the handlers refuse writes; the engine itself goes on (superusers, internal writes). */
  readOnly: boolean;

  // Clock
  /** A new revision of this server, as text. */
  nextRevision(): string;
  /** Adopts `x-arango-hlc`; ignores rubbish and values more than a day ahead of the wall clock. */
  adoptClock(revisionText: string): void;

  // Structure. Each writes its marker.
  databases(): readonly EngineDatabase[];
  database(name: string): EngineDatabase | undefined;
  createDatabase(spec: DatabaseSpec): EngineDatabase;
  /** 1228 when unknown. */
  dropDatabase(name: string): void;
  /** 1228, 1207 (name or globallyUniqueId taken). */
  createCollection(database: string, spec: CollectionSpec, indexes?: readonly IndexDefinition[]): EngineCollection;
  /** 1203. */
  dropCollection(database: string, nameOrId: string): void;
  /** 1203, 1207. Documents' `_id` and old markers follow. */
  renameCollection(database: string, nameOrId: string, name: string): void;
  /** Replaces the given properties (marker 2003). */
  changeCollection(database: string, nameOrId: string, properties: JsonObject): void;
  /** 1210 over violating data: the index is not made then. */
  createIndex(database: string, collection: string, definition: IndexDefinition): void;
  /** By bare id. 1212. */
  dropIndex(database: string, collection: string, id: string): void;
  /** Stores a view's whole definition (with `id`, `name`, `type`, `globallyUniqueId`); 2110 when new, 2112 when it was there (by id). */
  putView(database: string, definition: JsonObject): void;
  /** 1203. */
  dropView(database: string, nameOrId: string): void;

  // Documents
  /** Throws for what fails the whole call (1203, 1228, 1652, 32 …). */
  write(database: string, collection: string, request: WriteRequest, trx?: EngineTransaction): WriteResult;
  /** What a follower does with its leader's changes: same bytes, same revisions; own ticks. One storage transaction. */
  applyChanges(database: string, collection: string, changes: readonly DocumentChange[]): void;
  /** Removes all. The changes for followers; `ranged` when it was one 2004 (followers then truncate too). */
  truncate(database: string, collection: string, trx?: EngineTransaction): TruncateResult;

  // Log
  /** The newest sequence number. */
  readonly lastTick: number;
  /** Makes the log durable and tells the newest tick (`wal/lastTick`). */
  sync(): number;
  tickRange(): TickRange;

  // Batches
  createBatch(ttlSeconds: number): EngineBatch;

  // Faults
  /** Removes archived log up to this tick (default: all), even if clients need it. Tells the oldest tick that is left. */
  prune(upToTick?: number): number;
  /** Memory is lost (batches, tracked clients, transactions), data is kept; `rebootId` rises. */
  restart(): void;
  /**
   * As {@link restart}, and the end of the log that was not synced is gone, with its data: ticks above are given again.
   * `fromTick`: at most what came after it is lost (default: all that is not synced). Tells the newest tick that is left.
   */
  losePower(fromTick?: number): number;
}

export interface TruncateResult {
  readonly changes: readonly DocumentChange[];
  readonly ranged: boolean;
  readonly count: number;
}
