import type {
  EngineCollection,
  EngineTransaction,
  IndexDefinition,
  JsonObject,
  KeyGenerator,
  StorageServer,
  StoredDocument,
  WriteRequest,
  WriteResult,
} from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import { readChange } from './definition.ts';
import { describeLocal } from './describe.ts';
import type { FrontCollection, FrontDatabase, Operation } from './front.ts';
import { needCollectionName } from './names.ts';

const byKey: readonly string[] = ['_key'];

/** A collection of a single server, or a shard of a DB-Server: the engine's, asked directly. */
export class LocalCollection implements FrontCollection {
  readonly database: FrontDatabase;
  readonly shardKeys = byKey;
  readonly numberOfShards = 1;
  readonly #storage: StorageServer;
  readonly #collection: EngineCollection;

  constructor(database: FrontDatabase, storage: StorageServer, collection: EngineCollection) {
    this.database = database;
    this.#storage = storage;
    this.#collection = collection;
  }

  get id(): string {
    return this.#collection.id;
  }

  get planId(): string {
    return this.#collection.planId;
  }

  get name(): string {
    return this.#collection.name;
  }

  get type(): 2 | 3 {
    return this.#collection.type;
  }

  get isSystem(): boolean {
    return this.#collection.isSystem;
  }

  get globallyUniqueId(): string {
    return this.#collection.globallyUniqueId;
  }

  get properties(): JsonObject {
    return this.#collection.properties;
  }

  get indexes(): readonly IndexDefinition[] {
    return this.#collection.indexes;
  }

  get keys(): KeyGenerator {
    return this.#collection.keys;
  }

  describe(): JsonObject {
    return describeLocal(this, this.keys.describe(), this.#collection.objectId, this.#storage.features);
  }

  shards(): undefined {
    return undefined;
  }

  responsibleShard(): string {
    throw new ArangoApiError(1471);
  }

  async count(operation?: Operation): Promise<number> {
    return this.#collection.count(this.#trx(operation));
  }

  async countByShard(operation?: Operation): Promise<ReadonlyMap<string, number>> {
    return new Map([[this.name, await this.count(operation)]]);
  }

  async documentBytes(): Promise<number> {
    return this.#collection.documentBytes;
  }

  async lastRevision(): Promise<string> {
    return this.#collection.lastRevision;
  }

  async get(key: string, operation?: Operation): Promise<StoredDocument | undefined> {
    return this.#collection.get(key, this.#trx(operation));
  }

  async getAll(keys: readonly string[], operation?: Operation): Promise<readonly (StoredDocument | undefined)[]> {
    const trx = this.#trx(operation);
    return keys.map((key) => this.#collection.get(key, trx));
  }

  async documents(operation?: Operation): Promise<Iterable<StoredDocument>> {
    return this.#collection.documents(this.#trx(operation));
  }

  async write(request: WriteRequest, operation?: Operation): Promise<WriteResult> {
    return this.#storage.write(this.database.name, this.name, request, this.#trx(operation));
  }

  async truncate(operation?: Operation): Promise<void> {
    this.#storage.truncate(this.database.name, this.name, this.#trx(operation));
  }

  async drop(): Promise<void> {
    this.#storage.dropCollection(this.database.name, this.name);
  }

  async rename(name: string): Promise<void> {
    if (this.#storage.role === 'dbserver') throw new ArangoApiError(1471);
    if (name === this.name) return;
    needCollectionName(name, false, this.#storage.features);
    if (this.database.view(name) !== undefined) throw new ArangoApiError(1207);
    this.#storage.renameCollection(this.database.name, this.name, name);
  }

  async change(properties: JsonObject): Promise<void> {
    this.#storage.changeCollection(this.database.name, this.name, {
      ...this.properties,
      ...readChange(properties, this.#storage.features),
    });
  }

  async createIndex(definition: IndexDefinition): Promise<void> {
    this.#storage.createIndex(this.database.name, this.name, definition);
  }

  async dropIndex(id: string): Promise<void> {
    this.#storage.dropIndex(this.database.name, this.name, id);
  }

  #trx(operation: Operation | undefined): EngineTransaction | undefined {
    return operation?.trxId === undefined ? undefined : this.#storage.transactions.use(operation.trxId);
  }
}
