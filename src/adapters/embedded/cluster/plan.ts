import { createKeyGenerator } from '../engine/keys.ts';
import type { Environment, IdSource, IndexDefinition, JsonObject, KeyGenerator } from '../engine/types.ts';
import type { Described, Spread } from './describe.ts';

/** A shard: where it shall be (Plan) and where it is in sync (Current). Both lists have the leader first. */
export interface PlannedShard {
  /** `s10061`. */
  readonly name: string;
  readonly number: bigint;
  servers: readonly string[];
  inSync: readonly string[];
}

/** A collection of the Plan. */
export class PlannedCollection implements Described {
  readonly id: string;
  readonly name: string;
  readonly type: 2 | 3;
  readonly isSystem: boolean;
  properties: JsonObject;
  /** Sorted by number: the order in which hashes choose. */
  readonly shards: readonly PlannedShard[];
  /** Plan id of the prototype. */
  readonly distributeShardsLike: string | undefined;
  readonly keys: KeyGenerator;
  indexes: readonly IndexDefinition[] = [];
  /** `distributeShardsLike` is the prototype's name here. */
  spread: Spread;

  constructor(
    parts: Pick<
      PlannedCollection,
      'id' | 'name' | 'type' | 'isSystem' | 'properties' | 'shards' | 'distributeShardsLike'
    >,
    spread: Spread,
    ids: IdSource,
    environment: Environment,
  ) {
    this.id = parts.id;
    this.name = parts.name;
    this.type = parts.type;
    this.isSystem = parts.isSystem;
    this.properties = parts.properties;
    this.shards = parts.shards;
    this.distributeShardsLike = parts.distributeShardsLike;
    this.spread = spread;
    this.keys = createKeyGenerator(parts.properties.keyOptions, ids, environment);
  }

  get globallyUniqueId(): string {
    return `c${this.id}/`;
  }
}

/** A database of the Plan. */
export class PlannedDatabase {
  readonly id: string;
  readonly name: string;
  readonly definition: JsonObject;
  readonly views = new Map<string, JsonObject>();
  /** Counts changes of the analyzers (2.8). */
  analyzersRevision = 0;
  readonly #collections = new Map<string, PlannedCollection>();
  readonly #names = new Map<string, PlannedCollection>();

  constructor(id: string, name: string, definition: JsonObject) {
    this.id = id;
    this.name = name;
    this.definition = definition;
  }

  collections(): Iterable<PlannedCollection> {
    return this.#collections.values();
  }

  /** In the order of 1.1. */
  collection(nameOrId: string): PlannedCollection | undefined {
    const byId = /^[0-9]+$/.test(nameOrId) ? this.#collections.get(nameOrId) : undefined;
    return byId ?? this.#names.get(nameOrId) ?? this.#byUniqueId(nameOrId);
  }

  add(collection: PlannedCollection): void {
    this.#collections.set(collection.id, collection);
    this.#names.set(collection.name, collection);
  }

  remove(collection: PlannedCollection): void {
    this.#collections.delete(collection.id);
    this.#names.delete(collection.name);
  }

  #byUniqueId(text: string): PlannedCollection | undefined {
    const match = /^c([0-9]+)\/$/.exec(text);
    return match === null ? undefined : this.#collections.get(match[1] as string);
  }
}

/** The agency's Plan and Current: what every coordinator and DB-Server goes by. */
export class Plan {
  readonly databases = new Map<string, PlannedDatabase>();
  /** `Plan/Version` and `Current/Version`: rise with every change. */
  version = 1;
  currentVersion = 1;
  #waiting: (() => void)[] = [];

  /** Notes a change, and wakes who waits for one. */
  changed(): void {
    this.version++;
    this.currentVersion++;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves at the next change. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
