import { Commit } from './commit.ts';
import { EngineError } from './errors.ts';
import type { ServerState } from './state.ts';
import { Transaction, transactionState } from './transaction.ts';
import type {
  CollectionChanges,
  CommittedTransaction,
  DocumentChange,
  EngineTransaction,
  EngineTransactions,
  TransactionSpec,
  TransactionStatus,
} from './types.ts';

/** A transaction that nobody used for so long is aborted (reference 4.7). */
const IDLE_MAX_MS = 60_000;

/** Most that a transaction may write on one server, now and before 3.12.4 (reference 4.7). */
const BYTES_MAX = 512 * 1024 * 1024;
const BYTES_MAX_OLDER = 128 * 1024 * 1024;

/** So many ended transactions are remembered, for repeated commits and aborts. */
const ENDED_MAX = 10_000;

/** The streaming transactions of one server: `engine.transactions`. Memory only: a restart aborts them all. */
export class Transactions implements EngineTransactions {
  readonly #state: ServerState;
  readonly #running = new Map<string, Transaction>();
  readonly #ended = new Map<
    string,
    { status: TransactionStatus; word: string; changes: readonly CollectionChanges[] }
  >();

  constructor(state: ServerState) {
    this.#state = state;
  }

  begin(spec: TransactionSpec): EngineTransaction {
    this.expire();
    const home = this.#state.databases.get(spec.database);
    if (home === undefined) throw new EngineError(1228, 'database not found');
    for (const name of [...spec.read, ...spec.write, ...spec.exclusive]) {
      if (home.collection(name) === undefined) throw new EngineError(1203, `collection or view not found: ${name}`);
    }
    if (this.#running.has(spec.id)) throw new EngineError(1651, 'nested transactions detected');
    const { log, snapshots, environment } = this.#state;
    const bytesMax = this.#state.features().largeTransactions ? BYTES_MAX : BYTES_MAX_OLDER;
    const transaction = new Transaction({ bytesMax, ...spec }, home, log.lastTick, environment.now());
    for (const name of spec.write) this.#demandNotHeld(home.collection(name)?.exclusiveHolder);
    for (const name of spec.exclusive) {
      const collection = home.collection(name);
      this.#demandNotHeld(collection?.exclusiveHolder);
      if ((collection?.keyLocks.size ?? 0) > 0) throw lockTimeout();
    }
    for (const name of spec.exclusive) {
      const collection = home.collection(name);
      if (collection !== undefined) collection.exclusiveHolder = transaction;
    }
    snapshots.hold(transaction.snapshotTick);
    this.#running.set(spec.id, transaction);
    return transaction;
  }

  use(id: string): EngineTransaction {
    this.expire();
    const transaction = this.#running.get(id);
    if (transaction !== undefined) {
      transaction.usedAt = this.#state.environment.now();
      return transaction;
    }
    if (this.#ended.has(id)) throw new EngineError(1654, 'transaction aborted');
    throw notFound();
  }

  status(id: string): TransactionStatus | undefined {
    this.expire();
    return this.#running.get(id)?.status ?? this.#ended.get(id)?.status;
  }

  running(): readonly EngineTransaction[] {
    this.expire();
    return [...this.#running.values()];
  }

  commit(id: string): CommittedTransaction {
    this.expire();
    const transaction = this.#running.get(id);
    if (transaction === undefined) {
      const ended = this.#ended.get(id);
      if (ended === undefined) throw notFound();
      if (ended.status !== 'committed') throw new EngineError(1653, `transaction was already ${ended.word}`);
      return { changes: ended.changes };
    }
    const changes = this.#apply(transaction);
    this.#end(transaction, 'committed', 'committed');
    if (transaction.spec.waitForSync === true) this.#state.log.sync();
    return { changes };
  }

  abort(id: string): void {
    this.expire();
    const transaction = this.#running.get(id);
    if (transaction !== undefined) {
      this.#end(transaction, 'aborted', 'aborted');
      return;
    }
    const ended = this.#ended.get(id);
    if (ended?.status === 'aborted') return;
    if (ended !== undefined) throw new EngineError(1653, 'transaction was already committed');
    this.#remember(id, 'aborted', 'aborted');
    throw notFound();
  }

  /** Aborts the transaction of a failed operation (error 32). */
  abortRunning(transaction: EngineTransaction): void {
    this.#end(transactionState(transaction), 'aborted', 'aborted');
  }

  /** Aborts what is idle for too long, so that its locks are gone. */
  expire(): void {
    if (this.#running.size === 0) return;
    const limit = this.#state.environment.now() - IDLE_MAX_MS;
    for (const transaction of this.#running.values()) {
      if (transaction.usedAt < limit) this.#end(transaction, 'aborted', 'expired');
    }
  }

  /** As at a restart: all are gone, and forgotten. */
  clear(): void {
    for (const transaction of this.#running.values()) this.#end(transaction, 'aborted', 'aborted');
    this.#ended.clear();
  }

  /** Replays the steps as one batch of the log. */
  #apply(transaction: Transaction): CollectionChanges[] {
    this.#demandFreeRevisions(transaction);
    const commit = new Commit(this.#state, transaction.home);
    const changes = new Map<string, DocumentChange[]>();
    for (const step of transaction.steps) {
      if (step.collection.isDropped) continue;
      const key = 'put' in step ? step.put.key : step.removedKey;
      const before = step.collection.current(key);
      if ('put' in step) commit.put(step.put, before);
      else if (before !== undefined) commit.remove(before);
      const ofCollection = changes.get(step.collection.name) ?? [];
      changes.set(step.collection.name, ofCollection);
      ofCollection.push(commit.changes[commit.changes.length - 1] as DocumentChange);
    }
    commit.close(true);
    return [...changes].map(([collection, list]) => ({ collection, changes: list }));
  }

  /** A restored revision may have been taken by somebody else since it was written here (4.4). */
  #demandFreeRevisions(transaction: Transaction): void {
    for (const view of transaction.views()) {
      const written = view.written();
      for (const version of written.values()) {
        if (version === undefined) continue;
        const other = view.collection.withRevision(version.revisionHigh, version.revisionLow);
        if (other === undefined || written.has(other.key)) continue;
        this.#end(transaction, 'aborted', 'aborted');
        throw new EngineError(18, `lock timeout: revision ${version.rev} is that of document '${other.key}'`);
      }
    }
  }

  #demandNotHeld(holder: Transaction | undefined): void {
    if (holder !== undefined) throw lockTimeout();
  }

  #end(transaction: Transaction, status: 'committed' | 'aborted', word: string): void {
    if (!this.#running.delete(transaction.id)) return;
    transaction.status = status;
    transaction.unlock();
    this.#state.snapshots.release(transaction.snapshotTick);
    this.#remember(transaction.id, status, word);
  }

  #remember(id: string, status: TransactionStatus, word: string): void {
    this.#ended.set(id, { status, word, changes: [] });
    if (this.#ended.size <= ENDED_MAX) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      return;
    }
  }
}

function notFound(): EngineError {
  return new EngineError(1655, 'transaction not found');
}

function lockTimeout(): EngineError {
  return new EngineError(18, 'timeout waiting to lock collection for exclusive access');
}
