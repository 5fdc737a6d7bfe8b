import type { JsonObject } from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Features } from '../versions/features.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterTransactions } from './cluster-transactions.ts';
import { CoordinatorCollection } from './coordinator-collection.ts';
import { readCollection } from './definition.ts';
import type { CreateCollectionOptions, Front, FrontCollection, FrontDatabase, FrontTransactions } from './front.ts';
import type { PlannedDatabase } from './plan.ts';
import type { ShardAccess } from './shard-access.ts';
import type { Structure } from './structure.ts';
import { OTHER_DATABASE } from './system-collections.ts';

/** What the coordinators of a cluster share, and the clock that this one received. */
export interface CoordinatorContext {
  readonly cluster: Cluster;
  readonly structure: Structure;
  readonly access: ShardAccess;
  readonly transactions: ClusterTransactions;
  readonly hlc: () => string | undefined;
  readonly features: () => Features;
}

/** The front of one coordinator: the Plan's databases and logical collections. */
export class CoordinatorFront implements Front {
  readonly #context: CoordinatorContext;

  constructor(context: CoordinatorContext) {
    this.#context = context;
  }

  get transactions(): FrontTransactions {
    return this.#context.transactions;
  }

  databases(): readonly FrontDatabase[] {
    const { plan } = this.#context.cluster;
    return [...plan.databases.values()].map((database) => new CoordinatorDatabase(this.#context, database));
  }

  database(name: string): FrontDatabase | undefined {
    const database = this.#context.cluster.plan.databases.get(name);
    return database === undefined ? undefined : new CoordinatorDatabase(this.#context, database);
  }

  async createDatabase(name: string, options: JsonObject): Promise<FrontDatabase> {
    const { structure, cluster } = this.#context;
    const database = structure.createDatabase(name, cluster.ids.next(), options, OTHER_DATABASE);
    return new CoordinatorDatabase(this.#context, database);
  }

  async dropDatabase(name: string): Promise<void> {
    this.#context.structure.dropDatabase(name);
  }
}

class CoordinatorDatabase implements FrontDatabase {
  readonly #context: CoordinatorContext;
  readonly #database: PlannedDatabase;

  constructor(context: CoordinatorContext, database: PlannedDatabase) {
    this.#context = context;
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
    return [...this.#database.collections()].map(
      (plan) => new CoordinatorCollection(this.#context, this, this.#database, plan),
    );
  }

  collection(nameOrId: string): FrontCollection | undefined {
    const plan = this.#database.collection(nameOrId);
    return plan === undefined ? undefined : new CoordinatorCollection(this.#context, this, this.#database, plan);
  }

  async createCollection(body: JsonObject, options: CreateCollectionOptions = {}): Promise<FrontCollection> {
    const isRestore = options.isRestore === true;
    const wish = readCollection(body, isRestore, this.#context.features());
    if (this.view(wish.name) !== undefined) throw new ArangoApiError(1207, `duplicate name: ${wish.name}`);
    const enforce = options.enforceReplicationFactor !== false;
    const plan = this.#context.structure.createCollection(this.#database, wish, isRestore, enforce);
    return new CoordinatorCollection(this.#context, this, this.#database, plan);
  }

  views(): readonly JsonObject[] {
    return [...this.#database.views.values()];
  }

  view(nameOrId: string): JsonObject | undefined {
    return this.#database.views.get(nameOrId) ?? this.views().find((view) => view.name === nameOrId);
  }

  putView(definition: JsonObject): void {
    const id = String(definition.id);
    const other = this.view(String(definition.name));
    if (other !== undefined && other.id !== id) throw new ArangoApiError(1207);
    this.#database.views.set(id, definition);
    this.#context.cluster.plan.changed();
  }

  dropView(nameOrId: string): void {
    const view = this.view(nameOrId);
    if (view === undefined) throw new ArangoApiError(1203);
    this.#database.views.delete(String(view.id));
    this.#context.cluster.plan.changed();
  }

  analyzersChanged(): void {
    this.#database.analyzersRevision++;
    this.#context.cluster.plan.changed();
  }
}
