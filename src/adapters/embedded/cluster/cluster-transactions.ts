import type { EngineTransaction, TransactionSpec, TransactionStatus } from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Cluster } from './cluster.ts';
import type { FrontTransactions, RunningTransaction } from './front.ts';
import type { ServerNode } from './server-node.ts';
import type { ShardAccess, TransactionOn } from './shard-access.ts';

/** Ended transactions remembered for repeated commits and aborts (4.7). */
const ENDED_MAX = 10_000;

interface Entry {
  readonly spec: TransactionSpec;
  readonly owner: string;
  readonly participants: Map<string, ServerNode>;
  status: TransactionStatus;
}

/**
 * Streaming transactions over a cluster: one on every DB-Server that leads a shard of them, under the same id (4.7).
 * Commit goes to all: atomic on each server, not across servers. Every coordinator knows them all, as requests may go to
 * any of them.
 */
export class ClusterTransactions implements FrontTransactions {
  readonly #cluster: Cluster;
  readonly #access: ShardAccess;
  readonly #entries = new Map<string, Entry>();

  constructor(cluster: Cluster, access: ShardAccess) {
    this.#cluster = cluster;
    this.#access = access;
  }

  async begin(spec: TransactionSpec, owner: string): Promise<RunningTransaction> {
    const database = this.#cluster.database(spec.database);
    const entry: Entry = { spec, owner, participants: new Map(), status: 'running' };
    for (const name of [...spec.read, ...spec.write, ...spec.exclusive]) {
      const collection = database.collection(name);
      if (collection === undefined) throw new ArangoApiError(1203, `collection or view not found: ${name}`);
      for (const shard of collection.shards) await this.#cluster.reach(shard);
    }
    for (const name of [...spec.read, ...spec.write, ...spec.exclusive]) {
      for (const shard of database.collection(name)?.shards ?? []) this.#join(entry, this.#cluster.leader(shard));
    }
    this.#entries.set(spec.id, entry);
    return view(spec.id, entry);
  }

  find(id: string): RunningTransaction | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#noticeLoss(id, entry);
    return view(id, entry);
  }

  running(): readonly RunningTransaction[] {
    const all = [...this.#entries].map(([id, entry]) => {
      this.#noticeLoss(id, entry);
      return view(id, entry);
    });
    return all.filter(({ status }) => status === 'running');
  }

  async commit(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw notFound();
    this.#noticeLoss(id, entry);
    if (entry.status === 'committed') return;
    if (entry.status === 'aborted') throw new ArangoApiError(1653, 'transaction was already aborted');
    for (const node of entry.participants.values()) {
      const { changes } = node.storage.transactions.commit(id);
      this.#access.replicateCommit(entry.spec.database, node, changes, entry.spec.waitForSync === true);
    }
    this.#end(entry, 'committed');
  }

  async abort(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      const spec = { id, database: '', read: [], write: [], exclusive: [] };
      this.#entries.set(id, { spec, owner: '', participants: new Map(), status: 'aborted' });
      throw notFound();
    }
    if (entry.status === 'committed') throw new ArangoApiError(1653, 'transaction was already committed');
    for (const node of entry.participants.values()) {
      if (node.storage.transactions.status(id) === 'running') node.storage.transactions.abort(id);
    }
    this.#end(entry, 'aborted');
  }

  /** How shard operations find their transaction: 404/1655 for an unknown id, 410/1654 for an ended one. */
  on(id: string | undefined, database: string): TransactionOn {
    if (id === undefined) return outside;
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.spec.database !== database) throw notFound();
    this.#noticeLoss(id, entry);
    if (entry.status !== 'running') throw new ArangoApiError(1654, 'transaction aborted');
    return (leader) => this.#join(entry, leader);
  }

  /** The part of the transaction on this server, begun when there was none. */
  #join(entry: Entry, node: ServerNode): EngineTransaction {
    const { spec } = entry;
    if (entry.participants.has(node.id)) return node.storage.transactions.use(spec.id);
    const local = (names: readonly string[]) => this.#shardsOn(node, spec.database, names);
    const part = { ...spec, read: local(spec.read), write: local(spec.write), exclusive: local(spec.exclusive) };
    const transaction = node.storage.transactions.begin(part);
    entry.participants.set(node.id, node);
    return transaction;
  }

  #shardsOn(node: ServerNode, database: string, names: readonly string[]): string[] {
    const home = this.#cluster.database(database);
    return names.flatMap((name) => {
      const shards = home.collection(name)?.shards ?? [];
      return shards.filter((shard) => shard.servers[0] === node.id).map((shard) => shard.name);
    });
  }

  /** A server that lost its part (idle for too long, restarted) has aborted the transaction. */
  #noticeLoss(id: string, entry: Entry): void {
    if (entry.status !== 'running') return;
    const lost = [...entry.participants.values()].some((node) => node.storage.transactions.status(id) !== 'running');
    if (!lost) return;
    for (const node of entry.participants.values()) {
      if (node.storage.transactions.status(id) === 'running') node.storage.transactions.abort(id);
    }
    this.#end(entry, 'aborted');
  }

  #end(entry: Entry, status: TransactionStatus): void {
    entry.status = status;
    for (const [id, other] of this.#entries) {
      if (this.#entries.size <= ENDED_MAX) return;
      if (other.status !== 'running') this.#entries.delete(id);
    }
  }
}

const outside: TransactionOn = () => undefined;

function view(id: string, entry: Entry): RunningTransaction {
  return { id, database: entry.spec.database, status: entry.status, owner: entry.owner };
}

function notFound(): ArangoApiError {
  return new ArangoApiError(1655, 'transaction not found');
}
