import { Collection, idPrefixOf } from './collection.ts';
import { Database } from './database.ts';
import { describeCollection } from './describe.ts';
import type { DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import { createKeyGenerator } from './keys.ts';
import { ENTRY_BYTES, StructureChange } from './log.ts';
import type { ServerState } from './state.ts';
import type { CollectionSpec, DatabaseSpec, IndexDefinition, JsonObject } from './types.ts';

/** Ticks that a change of structure takes behind its marker: definitions and counters are entries too (6.4). */
const TICKS_OF_CHANGE = 3;

/**
 * Databases, collections, indexes and views of one server. Each change writes its marker (6.5) and is durable at once.
 */
export class Structure {
  readonly #state: ServerState;

  constructor(state: ServerState) {
    this.#state = state;
  }

  createDatabase(spec: DatabaseSpec): Database {
    if (this.#state.databases.has(spec.name)) throw new EngineError(1207, 'duplicate name');
    const database = new Database(spec);
    this.#state.databases.set(spec.name, database);
    this.#write(database, 1100, {}, database.definition);
    return database;
  }

  dropDatabase(name: string): void {
    const database = this.database(name);
    for (const collection of database.collections()) collection.isDropped = true;
    database.isDropped = true;
    this.#state.databases.delete(name);
    this.#write(database, 1101, {});
  }

  createCollection(databaseName: string, spec: CollectionSpec, indexes: readonly IndexDefinition[]): Collection {
    const database = this.database(databaseName);
    if (database.collection(spec.name)?.name === spec.name || database.view(spec.name) !== undefined) {
      throw new EngineError(1207, 'duplicate name');
    }
    const uniqueId = spec.globallyUniqueId ?? this.#uniqueIdOf(spec);
    if (database.hasUniqueId(uniqueId)) throw new EngineError(1207, `duplicate name: globallyUniqueId ${uniqueId}`);
    const { ids, environment, snapshots } = this.#state;
    const keys = createKeyGenerator(spec.properties.keyOptions, ids, environment);
    const collection = new Collection(database, spec, uniqueId, keys, snapshots);
    for (const index of indexes) collection.addIndex(index);
    database.add(collection);
    this.#write(database, 2000, { collection }, describeCollection(collection, this.#state.features()));
    return collection;
  }

  dropCollection(databaseName: string, nameOrId: string): void {
    const collection = this.collection(databaseName, nameOrId);
    collection.isDropped = true;
    collection.database.remove(collection);
    this.#write(collection.database, 2001, { collection });
  }

  renameCollection(databaseName: string, nameOrId: string, name: string): void {
    const collection = this.collection(databaseName, nameOrId);
    const { database } = collection;
    if (collection.name === name) return;
    if (database.collection(name)?.name === name || database.view(name) !== undefined) {
      throw new EngineError(1207, 'duplicate name');
    }
    demandNoWriters(collection);
    database.remove(collection);
    const oldPrefix = collection.idPrefix;
    collection.name = name;
    collection.logicalName = name;
    collection.idPrefix = idPrefixOf(name);
    database.add(collection);
    this.#renameInDocuments(collection, oldPrefix);
    this.#write(database, 2002, { collection }, { name });
  }

  changeCollection(databaseName: string, nameOrId: string, properties: JsonObject): void {
    const collection = this.collection(databaseName, nameOrId);
    collection.properties = { ...collection.properties, ...properties };
    this.#write(collection.database, 2003, { collection }, describeCollection(collection, this.#state.features()));
  }

  createIndex(databaseName: string, collectionName: string, definition: IndexDefinition): void {
    const collection = this.collection(databaseName, collectionName);
    demandNoWriters(collection);
    collection.addIndex(definition);
    this.#write(collection.database, 2100, { collection }, definition, collection.size);
  }

  dropIndex(databaseName: string, collectionName: string, id: string): void {
    const collection = this.collection(databaseName, collectionName);
    collection.removeIndex(id);
    this.#write(collection.database, 2101, { collection }, { id });
  }

  putView(databaseName: string, definition: JsonObject): void {
    const database = this.database(databaseName);
    const { id, name, globallyUniqueId } = definition;
    if (typeof id !== 'string' || typeof name !== 'string') throw new EngineError(10, 'a view needs an id and a name');
    const isNew = database.view(id)?.id !== id;
    const sameName = database.view(name);
    if ((sameName !== undefined && sameName.id !== id) || database.collection(name)?.name === name) {
      throw new EngineError(1207, 'duplicate name');
    }
    database.putView(id, definition);
    if (this.#state.role === 'single') {
      this.#write(database, isNew ? 2110 : 2112, { uniqueId: String(globallyUniqueId ?? '') }, definition);
    }
  }

  dropView(databaseName: string, nameOrId: string): void {
    const database = this.database(databaseName);
    const view = database.view(nameOrId);
    if (view === undefined) throw new EngineError(1203, `collection or view not found: ${nameOrId}`);
    database.removeView(String(view.id));
    if (this.#state.role === 'single') this.#write(database, 2111, { uniqueId: String(view.globallyUniqueId ?? '') });
  }

  database(name: string): Database {
    const database = this.#state.databases.get(name);
    if (database === undefined) throw new EngineError(1228, 'database not found');
    return database;
  }

  collection(databaseName: string, nameOrId: string): Collection {
    const collection = this.database(databaseName).collection(nameOrId);
    if (collection === undefined) throw new EngineError(1203, `collection or view not found: ${nameOrId}`);
    return collection;
  }

  /** The range-delete truncate: one marker 2004 for everything. */
  truncateRange(collection: Collection): void {
    collection.clear(this.#state.log.lastTick + 1, this.#state.features().truncateResetsTree);
    this.#write(collection.database, 2004, { collection });
  }

  #uniqueIdOf(spec: CollectionSpec): string {
    if (this.#state.role === 'dbserver') return `c${spec.planId ?? spec.id}/${spec.name}`;
    if (spec.isSystem) return spec.name;
    return `h${BigInt(this.#state.serverId).toString(16).toUpperCase()}/${spec.id}`;
  }

  /** `_id` is resolved when it is read: every version still reachable gets the new name (6.5). */
  #renameInDocuments(collection: Collection, oldPrefix: Buffer): void {
    const versions = new Set<DocumentVersion>([...collection.versions(), ...collection.history.all()]);
    for (const version of this.#state.log.versionsOf(collection)) versions.add(version);
    for (const version of versions) {
      const keyEnd = version.start + '{"_key":"'.length + version.key.length;
      const renamed = Buffer.concat([
        version.buffer.subarray(version.start, keyEnd),
        collection.idPrefix,
        version.buffer.subarray(keyEnd + oldPrefix.length, version.end),
      ]);
      version.buffer = renamed;
      version.start = 0;
      version.end = renamed.length;
    }
  }

  #write(
    database: Database,
    type: number,
    about: { collection?: Collection; uniqueId?: string },
    data?: JsonObject,
    extraTicks = 0,
  ): void {
    const { log } = this.#state;
    const start = log.lastTick + 1;
    log.append({
      start,
      end: start + TICKS_OF_CHANGE - 1 + extraTicks,
      transactionId: 0,
      database,
      entries: [new StructureChange(start, type, about, data)],
      before: undefined,
      bytes: ENTRY_BYTES * 2 + (data === undefined ? 0 : JSON.stringify(data).length),
    });
    log.sync();
  }
}

/** Index builds and renames need the collection for themselves: what a transaction still holds would be missed. */
function demandNoWriters(collection: Collection): void {
  if (collection.keyLocks.size === 0 && collection.exclusiveHolder === undefined) return;
  throw new EngineError(18, `timeout waiting to lock collection ${collection.name}: a transaction is writing to it`);
}
