import type {
  IndexDefinition,
  Json,
  JsonObject,
  KeyGenerator,
  StoredDocument,
  TransactionSpec,
  TransactionStatus,
  WriteRequest,
  WriteResult,
} from '../engine/types.ts';

/**
 * Databases and collections as one server shows them to its clients. Handlers work on this alone and so are the same on
 * a single server, a coordinator (logical collections, spread over DB-Servers) and a DB-Server (its shards).
 *
 * What a promise is for: a coordinator may have to wait for a DB-Server that is frozen, or be refused by one that is
 * down (503/1478). A rejected or thrown `EngineError` is an error answer and, for writes on one shard, nothing changed.
 * Structure (names, properties, index definitions) is always at hand without waiting.
 */
export interface Front {
  /** Unordered. */
  databases(): readonly FrontDatabase[];
  database(name: string): FrontDatabase | undefined;
  /** With its system collections (3.6). 1207 when it exists; names are judged by the caller. */
  createDatabase(name: string, options: JsonObject): Promise<FrontDatabase>;
  /** 1228. */
  dropDatabase(name: string): Promise<void>;
  readonly transactions: FrontTransactions;
}

export interface FrontDatabase {
  readonly name: string;
  readonly id: string;
  readonly isSystem: boolean;
  /** `{id,name,isSystem}` and, in a cluster, `sharding`, `replicationFactor`, `writeConcern`. */
  readonly definition: JsonObject;
  /** Unordered. On a DB-Server: shards. */
  collections(): readonly FrontCollection[];
  /** By id (numeric text), name, globallyUniqueId, in the order of 1.1. */
  collection(nameOrId: string): FrontCollection | undefined;
  /**
   * Makes a collection from a body of `POST /_api/collection` or the `parameters` of 7.1; judges names, options and
   * numbers, throws 1207, 1208, 10, 1486, 1487 … as 3.2 says.
   */
  createCollection(body: JsonObject, options?: CreateCollectionOptions): Promise<FrontCollection>;
  /** Unordered, whole definitions as {@link putView} stored them. None on a DB-Server. */
  views(): readonly JsonObject[];
  /** By id or name. */
  view(nameOrId: string): JsonObject | undefined;
  /** Stores a whole normalised definition (with `id`, `name`, `type`, `globallyUniqueId`); the id tells whether it is new. */
  putView(definition: JsonObject): void;
  dropView(nameOrId: string): void;
  /** The analyzers of this database are documents of `_analyzers`; a coordinator counts their revision in the Plan. */
  analyzersChanged(): void;
}

export interface CreateCollectionOptions {
  /** Default true: a replication factor above the number of DB-Servers is refused (1487). */
  readonly enforceReplicationFactor?: boolean;
  /** restore-collection: default strategy `community-compat`, given `globallyUniqueId` kept on single (7.1). */
  readonly isRestore?: boolean;
}

/** How a data operation is done. */
export interface Operation {
  /** From `x-arango-trx-id`. */
  readonly trxId?: string | undefined;
}

export interface FrontCollection {
  readonly database: FrontDatabase;
  readonly id: string;
  readonly planId: string;
  readonly name: string;
  readonly type: 2 | 3;
  readonly isSystem: boolean;
  readonly globallyUniqueId: string;
  /** The attributes of `GET …/properties` (3.2) in the server's order, without `error` and `code`. */
  describe(): JsonObject;
  /** Raw stored properties (`waitForSync`, `schema`, `keyOptions`, and in a cluster sharding). */
  readonly properties: JsonObject;
  /** `["_key"]` on a single server. */
  readonly shardKeys: readonly string[];
  /** 1 on a single server. */
  readonly numberOfShards: number;
  /** Secondary indexes in order of creation (ids are bare numbers). */
  readonly indexes: readonly IndexDefinition[];
  readonly keys: KeyGenerator;

  /** Shard name → its servers in the Plan, leader first, unsorted; undefined on a single server. */
  shards(): ReadonlyMap<string, readonly string[]> | undefined;
  /** The shard for these shard key values (3.2): 1468 when one is missing, 501/1471 off a coordinator. `values` is an object, or the key alone. */
  responsibleShard(values: Json): string;
  count(operation?: Operation): Promise<number>;
  /** Documents by shard name; by the collection's name on a single server. */
  countByShard(operation?: Operation): Promise<ReadonlyMap<string, number>>;
  /** Bytes of all documents. */
  documentBytes(): Promise<number>;
  /** The largest revision it saw (`…/revision`). */
  lastRevision(): Promise<string>;
  /**
   * One document. Of a collection not sharded by `_key` all shards are asked.
   */
  get(key: string, operation?: Operation): Promise<StoredDocument | undefined>;
  /** Many documents, in the order of the keys. */
  getAll(keys: readonly string[], operation?: Operation): Promise<readonly (StoredDocument | undefined)[]>;
  /** Every document, shard by shard, each by rising revision. Safe against writes while iterating. */
  documents(operation?: Operation): Promise<Iterable<StoredDocument>>;
  /**
   * Splits by shard, writes on the leaders, replicates, merges in request order. `waitForSync` of the collection and
   * `shardKeys` are filled in here. A shard that fails whole is told per item (4.5).
   */
  write(request: WriteRequest, operation?: Operation): Promise<WriteResult>;
  truncate(operation?: Operation): Promise<void>;
  drop(): Promise<void>;
  /** Single only: 501/1470 in a cluster. */
  rename(name: string): Promise<void>;
  /** Applies those of the given properties that may change (3.2), ignores the rest. */
  change(properties: JsonObject): Promise<void>;
  /** A whole normalised definition with `id` and `name`; on every shard and replica. 1210 when the data violates it. */
  createIndex(definition: IndexDefinition): Promise<void>;
  /** By bare id: 1212. */
  dropIndex(id: string): Promise<void>;
}

/** Streaming transactions as this server shows them. On a coordinator: one on every DB-Server that takes part. */
export interface FrontTransactions {
  begin(spec: TransactionSpec, owner: string): Promise<RunningTransaction>;
  /** Undefined when unknown. */
  find(id: string): RunningTransaction | undefined;
  /** Running ones only. */
  running(): readonly RunningTransaction[];
  /** Idempotent; 400/1653, 404/1655. */
  commit(id: string): Promise<void>;
  /** Idempotent; 400/1653; unknown 404/1655 the first time, then remembered as aborted. */
  abort(id: string): Promise<void>;
}

export interface RunningTransaction {
  readonly id: string;
  readonly database: string;
  readonly status: TransactionStatus;
  /** Name of the user who began it (`''` of a superuser). */
  readonly owner: string;
}
