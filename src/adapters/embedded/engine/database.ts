import type { Collection } from './collection.ts';
import type { DatabaseSpec, EngineDatabase, JsonObject } from './types.ts';

/** One database: its collections and, on a single server, its views. */
export class Database implements EngineDatabase {
  readonly id: string;
  readonly name: string;
  readonly definition: JsonObject;
  isDropped = false;
  readonly #byName = new Map<string, Collection>();
  readonly #byId = new Map<string, Collection>();
  readonly #byUniqueId = new Map<string, Collection>();
  readonly #views = new Map<string, JsonObject>();

  constructor(spec: DatabaseSpec) {
    this.id = spec.id;
    this.name = spec.name;
    this.definition = spec.definition ?? { id: spec.id, name: spec.name, isSystem: spec.name === '_system' };
  }

  collections(): readonly Collection[] {
    return [...this.#byName.values()];
  }

  /** A numeric text is an id first, then a name, then a globallyUniqueId (1.1). */
  collection(nameOrId: string): Collection | undefined {
    const first = nameOrId.charCodeAt(0);
    const byId = first >= 0x30 && first <= 0x39 ? this.#byId.get(nameOrId) : undefined;
    return byId ?? this.#byName.get(nameOrId) ?? this.#byUniqueId.get(nameOrId);
  }

  hasUniqueId(globallyUniqueId: string): boolean {
    return this.#byUniqueId.has(globallyUniqueId);
  }

  add(collection: Collection): void {
    this.#byName.set(collection.name, collection);
    this.#byId.set(collection.id, collection);
    this.#byUniqueId.set(collection.globallyUniqueId, collection);
  }

  remove(collection: Collection): void {
    this.#byName.delete(collection.name);
    this.#byId.delete(collection.id);
    this.#byUniqueId.delete(collection.globallyUniqueId);
  }

  views(): readonly JsonObject[] {
    return [...this.#views.values()];
  }

  view(nameOrId: string): JsonObject | undefined {
    return this.#views.get(nameOrId) ?? this.views().find((view) => view.name === nameOrId);
  }

  putView(id: string, definition: JsonObject): void {
    this.#views.set(id, definition);
  }

  removeView(id: string): void {
    this.#views.delete(id);
  }
}
