import type {
  EngineCollection,
  EngineDatabase,
  EngineTransaction,
  IdSource,
  IndexDefinition,
  JsonObject,
  KeyGenerator,
  StorageServer,
  StoredDocument,
  TransactionSpec,
  WriteRequest,
  WriteResult,
} from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import { readChange, readCollection } from './definition.ts';
import { describeLocal } from './describe.ts';
import type {
  CreateCollectionOptions,
  Front,
  FrontCollection,
  FrontDatabase,
  FrontTransactions,
  Operation,
  RunningTransaction,
} from './front.ts';
import { needCollectionName } from './names.ts';
import { OTHER_DATABASE } from './system-collections.ts';

/** The front of a single server, and, with shards in place of collections, of a DB-Server: the engine itself. */
export class LocalFront implements Front {
  readonly storage: StorageServer;
  readonly ids: IdSource;
  readonly transactions: FrontTransactions;

  constructor(storage: StorageServer, ids: IdSource) {
    this.storage = storage;
    this.ids = ids;
    this.transactions = new LocalTransactions(storage);
  }

  databases(): readonly FrontDatabase[] {
    return this.storage.databases().map((database) => new LocalDatabase(this, database));
  }

  database(name: string): FrontDatabase | undefined {
    const database = this.storage.database(name);
    return database === undefined ? undefined : new LocalDatabase(this, database);
  }

  async createDatabase(name: string): Promise<FrontDatabase> {
    return this.makeDatabase(name, this.ids.next(), OTHER_DATABASE);
  }

  /** With the given id and system collections. */
  makeDatabase(name: string, id: string, systemCollections: readonly string[]): FrontDatabase {
    this.#needCoordinatorOrSingle();
    if (this.storage.database(name) !== undefined) throw new ArangoApiError(1207, `duplicate database name '${name}'`);
    const definition = { id, name, isSystem: name === '_system' };
    const database = new LocalDatabase(this, this.storage.createDatabase({ id, name, definition }));
    for (const collection of systemCollections)
      database.make(readCollection({ name: collection, isSystem: true }, false));
    return database;
  }

  async dropDatabase(name: string): Promise<void> {
    this.#needCoordinatorOrSingle();
    this.storage.dropDatabase(name);
  }

  #needCoordinatorOrSingle(): void {
    if (this.storage.role === 'dbserver') throw new ArangoApiError(1471);
  }
}

class LocalDatabase implements FrontDatabase {
  readonly #front: LocalFront;
  readonly #database: EngineDatabase;

  constructor(front: LocalFront, database: EngineDatabase) {
    this.#front = front;
    this.#database = database;
  }

  get name(): string {
    return this.#database.name;
  }

  get id(): string {
    return this.#database.id;
  }

  get isSystem(): boolean {
    return this.name === '_system';
  }

  get definition(): JsonObject {
    return this.#database.definition;
  }

  collections(): readonly FrontCollection[] {
    return this.#database.collections().map((collection) => this.#wrap(collection));
  }

  collection(nameOrId: string): FrontCollection | undefined {
    const collection = this.#database.collection(nameOrId);
    return collection === undefined ? undefined : this.#wrap(collection);
  }

  async createCollection(body: JsonObject, options: CreateCollectionOptions = {}): Promise<FrontCollection> {
    if (this.#front.storage.role === 'dbserver') throw new ArangoApiError(1471);
    return this.make(readCollection(body, options.isRestore === true));
  }

  make(wish: ReturnType<typeof readCollection>): FrontCollection {
    const { storage, ids } = this.#front;
    if (this.#database.collection(wish.name) !== undefined || this.#database.view(wish.name) !== undefined) {
      throw new ArangoApiError(1207, `duplicate name: ${wish.name}`);
    }
    const collection = storage.createCollection(this.name, {
      id: ids.next(),
      name: wish.name,
      type: wish.type,
      isSystem: wish.isSystem,
      properties: wish.properties,
      ...(wish.globallyUniqueId === undefined ? {} : { globallyUniqueId: wish.globallyUniqueId }),
    });
    // The storage engine's internal id is the next one (3.2); nothing else may get it.
    if (!wish.isSystem) ids.next();
    return this.#wrap(collection);
  }

  views(): readonly JsonObject[] {
    return this.#database.views();
  }

  view(nameOrId: string): JsonObject | undefined {
    return this.#database.view(nameOrId);
  }

  putView(definition: JsonObject): void {
    this.#front.storage.putView(this.name, definition);
  }

  dropView(nameOrId: string): void {
    this.#front.storage.dropView(this.name, nameOrId);
  }

  analyzersChanged(): void {}

  #wrap(collection: EngineCollection): FrontCollection {
    return new LocalCollection(this, this.#front.storage, collection);
  }
}

const byKey: readonly string[] = ['_key'];

class LocalCollection implements FrontCollection {
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
    return describeLocal(this, this.keys.describe(), this.#collection.objectId);
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
    needCollectionName(name, false);
    if (this.database.view(name) !== undefined) throw new ArangoApiError(1207);
    this.#storage.renameCollection(this.database.name, this.name, name);
  }

  async change(properties: JsonObject): Promise<void> {
    this.#storage.changeCollection(this.database.name, this.name, { ...this.properties, ...readChange(properties) });
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

/** Remembers who began what; the engine knows the rest. */
class LocalTransactions implements FrontTransactions {
  readonly #storage: StorageServer;
  readonly #owners = new Map<string, { readonly database: string; readonly owner: string }>();

  constructor(storage: StorageServer) {
    this.#storage = storage;
  }

  async begin(spec: TransactionSpec, owner: string): Promise<RunningTransaction> {
    const { id, database, status } = this.#storage.transactions.begin(spec);
    this.#owners.set(id, { database, owner });
    return { id, database, status, owner };
  }

  find(id: string): RunningTransaction | undefined {
    const status = this.#storage.transactions.status(id);
    if (status === undefined) {
      this.#owners.delete(id);
      return undefined;
    }
    return { id, status, ...(this.#owners.get(id) ?? { database: '', owner: '' }) };
  }

  running(): readonly RunningTransaction[] {
    return this.#storage.transactions.running().map(({ id, database, status }) => {
      return { id, database, status, owner: this.#owners.get(id)?.owner ?? '' };
    });
  }

  async commit(id: string): Promise<void> {
    this.#storage.transactions.commit(id);
  }

  async abort(id: string): Promise<void> {
    this.#storage.transactions.abort(id);
  }
}
