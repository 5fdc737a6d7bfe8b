import { type Features, features } from '../versions/features.ts';
import { DEFAULT_VERSION } from '../versions/release.ts';
import { Batches } from './batches.ts';
import { ReplicationClients } from './clients.ts';
import { HybridClock } from './clock.ts';
import type { Collection } from './collection.ts';
import { Commit, removeOneByOne } from './commit.ts';
import type { Database } from './database.ts';
import { DumpContexts } from './dump-contexts.ts';
import { EngineError } from './errors.ts';
import { applyChange } from './follower.ts';
import { type LogBatch, WriteAheadLog } from './log.ts';
import { Snapshots } from './snapshots.ts';
import type { ServerState } from './state.ts';
import { Structure } from './structure.ts';
import { type Transaction, transactionState } from './transaction.ts';
import { Transactions } from './transactions.ts';
import type {
  CollectionSpec,
  DatabaseSpec,
  DocumentChange,
  EngineTransaction,
  Environment,
  IndexDefinition,
  JsonObject,
  StorageServer,
  StorageServerOptions,
  TickRange,
  TruncateResult,
  WriteRequest,
  WriteResult,
} from './types.ts';
import { undoUnsynced } from './undo.ts';
import { CommittedView } from './view.ts';
import { Writer } from './writer.ts';

/** Bound of the log when none is given. */
export const WAL_BYTES_MAX_DEFAULT = 2 * 1024 * 1024 * 1024;

/** From so many documents on a truncate outside a transaction is one range-delete (6.5). */
const RANGE_TRUNCATE_DOCUMENTS = 32_768;

const systemEnvironment: Environment = { now: Date.now, random: Math.random };

/** Makes a server with nothing in it, not even `_system`. */
export function createStorageServer(options: StorageServerOptions): StorageEngine {
  return new StorageEngine(options);
}

/**
 * One server process that holds data, in memory: the {@link StorageServer} that handlers see, and what the replication
 * handlers need besides (`batches`, `clients`, `log`).
 */
export class StorageEngine implements StorageServer {
  readonly role: 'single' | 'dbserver';
  readonly id: string;
  readonly serverId: string;
  readonly transactions: Transactions;
  readonly batches: Batches;
  readonly dumps: DumpContexts;
  readonly clients: ReplicationClients;
  readonly log: WriteAheadLog;
  readonly environment: Environment;
  features: Features;
  rebootId = 1;
  startedAt: number;
  readOnly = false;

  readonly #state: ServerState;
  readonly #structure: Structure;
  readonly #walBytesMax: number;

  constructor(options: StorageServerOptions) {
    const environment = options.environment ?? systemEnvironment;
    this.role = options.role;
    this.id = options.id;
    this.serverId = options.serverId ?? String(Math.floor(environment.random() * 2 ** 48) + 1);
    this.environment = environment;
    this.features = options.features ?? features(DEFAULT_VERSION);
    this.startedAt = environment.now();
    this.#walBytesMax = options.walBytesMax ?? WAL_BYTES_MAX_DEFAULT;
    const databases = new Map<string, Database>();
    this.#state = {
      role: options.role,
      serverId: this.serverId,
      features: () => this.features,
      ids: options.ids,
      environment,
      clock: new HybridClock(environment.revisionNow ?? environment.now),
      log: new WriteAheadLog(),
      snapshots: new Snapshots((ticks) => sweepHistories(databases, ticks)),
      databases,
    };
    this.log = this.#state.log;
    this.#structure = new Structure(this.#state);
    this.transactions = new Transactions(this.#state);
    this.batches = new Batches(this.#state);
    this.dumps = new DumpContexts(this.#state);
    this.clients = new ReplicationClients(environment, options.clientLifetimeSeconds);
  }

  nextRevision(): string {
    return this.#state.clock.next();
  }

  adoptClock(revisionText: string): void {
    this.#state.clock.adopt(revisionText);
  }

  databases(): readonly Database[] {
    return [...this.#state.databases.values()];
  }

  database(name: string): Database | undefined {
    return this.#state.databases.get(name);
  }

  createDatabase(spec: DatabaseSpec): Database {
    return this.#structure.createDatabase(spec);
  }

  dropDatabase(name: string): void {
    this.#structure.dropDatabase(name);
  }

  createCollection(database: string, spec: CollectionSpec, indexes: readonly IndexDefinition[] = []): Collection {
    return this.#structure.createCollection(database, spec, indexes);
  }

  dropCollection(database: string, nameOrId: string): void {
    this.#structure.dropCollection(database, nameOrId);
  }

  renameCollection(database: string, nameOrId: string, name: string): void {
    this.#structure.renameCollection(database, nameOrId, name);
  }

  changeCollection(database: string, nameOrId: string, properties: JsonObject): void {
    this.#structure.changeCollection(database, nameOrId, properties);
  }

  createIndex(database: string, collection: string, definition: IndexDefinition): void {
    this.#structure.createIndex(database, collection, definition);
  }

  dropIndex(database: string, collection: string, id: string): void {
    this.#structure.dropIndex(database, collection, id);
  }

  putView(database: string, definition: JsonObject): void {
    this.#structure.putView(database, definition);
  }

  dropView(database: string, nameOrId: string): void {
    this.#structure.dropView(database, nameOrId);
  }

  /** The database, or 1228. */
  demandDatabase(name: string): Database {
    return this.#structure.database(name);
  }

  /** The collection, or 1228, 1203. */
  demandCollection(database: string, nameOrId: string): Collection {
    return this.#structure.collection(database, nameOrId);
  }

  write(databaseName: string, collectionName: string, request: WriteRequest, trx?: EngineTransaction): WriteResult {
    const collection = this.#structure.collection(databaseName, collectionName);
    this.transactions.expire();
    if (trx !== undefined) return this.#writeInTransaction(collection, request, transactionState(trx));
    this.#demandNotExclusive(collection);
    const commit = this.#newCommit(collection.database);
    const outcomes = this.#committed(commit, request.bulk, () =>
      new Writer(new CommittedView(collection, commit), request, this.#state).run(),
    );
    const wantsSync = request.waitForSync === true || (collection.waitForSync && request.isRestore !== true);
    const synced = wantsSync && outcomes.some((outcome) => outcome.ok);
    if (synced) this.log.sync();
    return { outcomes, changes: commit.changes, synced };
  }

  applyChanges(databaseName: string, collectionName: string, changes: readonly DocumentChange[]): void {
    const collection = this.#structure.collection(databaseName, collectionName);
    const commit = this.#newCommit(collection.database);
    this.#committed(commit, changes.length > 1, () => {
      for (const change of changes) applyChange(collection, commit, change);
    });
  }

  truncate(databaseName: string, collectionName: string, trx?: EngineTransaction): TruncateResult {
    const collection = this.#structure.collection(databaseName, collectionName);
    this.transactions.expire();
    if (trx !== undefined) return truncateInTransaction(collection, transactionState(trx));
    this.#demandNotExclusive(collection);
    if (collection.keyLocks.size > 0) throw new EngineError(18, 'timeout waiting to lock collection');
    const count = collection.size;
    const mayRange = this.role === 'single' || this.features.rangeTruncateInClusters;
    if (mayRange && count >= RANGE_TRUNCATE_DOCUMENTS) {
      this.#structure.truncateRange(collection);
      return { changes: [], ranged: true, count };
    }
    const changes = removeOneByOne(this.#state, collection);
    this.#boundLog();
    return { changes, ranged: false, count };
  }

  get lastTick(): number {
    return this.log.lastTick;
  }

  sync(): number {
    return this.log.sync();
  }

  tickRange(): TickRange {
    return { min: this.log.firstTick, max: this.log.lastTick };
  }

  createBatch(ttlSeconds: number) {
    return this.batches.create(ttlSeconds);
  }

  prune(upToTick: number = this.log.lastTick): number {
    this.log.prune(upToTick);
    return this.log.firstTick;
  }

  restart(): void {
    this.transactions.clear();
    this.batches.clear();
    this.dumps.clear();
    this.clients.clear();
    this.rebootId++;
    this.startedAt = this.environment.now();
  }

  losePower(fromTick = 0): number {
    this.restart();
    undoUnsynced(this.log, fromTick);
    this.log.sync();
    return this.log.lastTick;
  }

  #writeInTransaction(collection: Collection, request: WriteRequest, transaction: Transaction): WriteResult {
    const outcomes = new Writer(transaction.writableView(collection), request, this.#state).run();
    if (outcomes.some((outcome) => !outcome.ok && outcome.errorNum === 32)) this.transactions.abortRunning(transaction);
    return { outcomes, changes: [], synced: false };
  }

  #newCommit(database: Database): Commit {
    return new Commit(this.#state, database);
  }

  /** Runs changes as one batch of the log, which is written whatever happens: what was applied is in it. */
  #committed<T>(commit: Commit, asTransaction: boolean, change: () => T): T {
    try {
      return change();
    } finally {
      commit.close(asTransaction && commit.size > 1);
      this.#boundLog();
    }
  }

  #demandNotExclusive(collection: Collection): void {
    if (collection.exclusiveHolder !== undefined) {
      throw new EngineError(18, `timeout waiting to lock collection ${collection.name}: it is locked exclusively`);
    }
  }

  /** Keeps the log bounded: what nobody needs (a reader at T needs the batch that contains T, 6.3) goes at the bound, everything old at twice the bound (6.6). */
  #boundLog(): void {
    if (this.log.bytes <= this.#walBytesMax) return;
    const needed = Math.min(this.clients.lowestTick(), this.batches.oldestTick());
    this.#pruneWhile((batch) => batch.end < needed && this.log.bytes > this.#walBytesMax);
    this.#pruneWhile(() => this.log.bytes > 2 * this.#walBytesMax);
  }

  #pruneWhile(isSurplus: (oldest: LogBatch) => boolean): void {
    for (let oldest = this.log.batch(0); oldest !== undefined; oldest = this.log.batch(0)) {
      if (this.log.length === 1 || !isSurplus(oldest)) return;
      this.log.prune(oldest.end);
    }
  }
}

function sweepHistories(databases: ReadonlyMap<string, Database>, ticks: readonly number[]): void {
  for (const database of databases.values()) {
    for (const { history } of database.collections()) {
      if (history.isEmpty) continue;
      if (ticks.length === 0) history.clear();
      else history.sweep(ticks);
    }
  }
}

function truncateInTransaction(collection: Collection, transaction: Transaction): TruncateResult {
  const view = transaction.writableView(collection);
  const versions = view.documents();
  for (const version of versions) {
    view.lock(version.key);
    view.remove(version);
  }
  return { changes: [], ranged: false, count: versions.length };
}
