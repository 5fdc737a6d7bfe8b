import type { EngineCollection, EngineDatabase, IdSource, JsonObject, StorageServer } from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import { readCollection } from './definition.ts';
import type { CreateCollectionOptions, Front, FrontCollection, FrontDatabase, FrontTransactions } from './front.ts';
import { LocalCollection } from './local-collection.ts';
import { LocalTransactions } from './local-transactions.ts';
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
      database.make(readCollection({ name: collection, isSystem: true }, false, this.storage.features));
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
    return this.make(readCollection(body, options.isRestore === true, this.#front.storage.features));
  }

  make(wish: ReturnType<typeof readCollection>): FrontCollection {
    const { storage } = this.#front;
    if (this.#database.collection(wish.name) !== undefined || this.#database.view(wish.name) !== undefined) {
      throw new ArangoApiError(1207, `duplicate name: ${wish.name}`);
    }
    const collection = storage.createCollection(this.name, {
      ...this.#drawIds(wish.isSystem),
      name: wish.name,
      type: wish.type,
      isSystem: wish.isSystem,
      properties: wish.properties,
      ...(wish.globallyUniqueId === undefined ? {} : { globallyUniqueId: wish.globallyUniqueId }),
    });
    return this.#wrap(collection);
  }

  /** Beside the collection's id one for the storage engine (3.2), and of system collections none or two more (3.6). */
  #drawIds(isSystem: boolean): { readonly id: string; readonly objectId?: string } {
    const { storage, ids } = this.#front;
    const { objectIdBehindId, denseSystemIds } = storage.features;
    const objectIdBefore = objectIdBehindId ? undefined : ids.next();
    const id = ids.next();
    if (isSystem ? !denseSystemIds : objectIdBehindId) ids.next();
    return { id, ...(objectIdBefore === undefined ? {} : { objectId: objectIdBefore }) };
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
