import type {
  CollectionChanges,
  DocumentChange,
  EngineTransaction,
  StorageServer,
  StoredDocument,
  WriteRequest,
  WriteResult,
} from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Cluster } from './cluster.ts';
import type { PlannedCollection, PlannedShard } from './plan.ts';
import type { ServerNode } from './server-node.ts';

/** Gives the transaction of a leader, where the call is in one. */
export type TransactionOn = (leader: ServerNode) => EngineTransaction | undefined;

/**
 * Reads and writes of one shard: on its leader, and from there on every follower in sync, before the answer. Leader and
 * followers are written in one step, so no other call sees one without the other.
 */
export class ShardAccess {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async write(
    database: string,
    collection: PlannedCollection,
    shard: PlannedShard,
    request: WriteRequest,
    transactionOn: TransactionOn,
    hlc: string | undefined,
  ): Promise<WriteResult> {
    const leader = await this.#cluster.reach(shard);
    this.#needWriteConcern(collection, shard);
    if (hlc !== undefined) leader.storage.adoptClock(hlc);
    const result = leader.storage.write(database, shard.name, request, transactionOn(leader));
    this.replicate(database, shard, leader.storage, result.changes, result.synced);
    return result;
  }

  async truncate(
    database: string,
    collection: PlannedCollection,
    shard: PlannedShard,
    transactionOn: TransactionOn,
  ): Promise<void> {
    const leader = await this.#cluster.reach(shard);
    this.#needWriteConcern(collection, shard);
    const { ranged, changes } = leader.storage.truncate(database, shard.name, transactionOn(leader));
    if (!ranged) this.replicate(database, shard, leader.storage, changes, false);
    else for (const follower of this.#followers(shard)) follower.storage.truncate(database, shard.name);
  }

  /** Brings committed changes to the followers; one that does not answer is out of sync from now on. */
  replicate(
    database: string,
    shard: PlannedShard,
    leader: StorageServer,
    changes: readonly DocumentChange[],
    synced: boolean,
  ): void {
    if (changes.length === 0) return;
    const followers = this.#followers(shard);
    if (followers.length === 0) return;
    // The leader's calls carry its clock: whoever leads next makes larger revisions (4.4).
    const clock = leader.nextRevision();
    for (const follower of followers) {
      follower.storage.adoptClock(clock);
      follower.storage.applyChanges(database, shard.name, changes);
      if (synced) follower.storage.sync();
    }
  }

  /** The changes of a committed transaction, shard by shard. */
  replicateCommit(database: string, leader: ServerNode, changes: readonly CollectionChanges[], synced: boolean): void {
    for (const { collection, changes: ofShard } of changes) {
      const shard = this.#shardNamed(database, collection);
      if (shard !== undefined) this.replicate(database, shard, leader.storage, ofShard, synced);
    }
  }

  async get(
    database: string,
    shard: PlannedShard,
    key: string,
    transactionOn: TransactionOn,
  ): Promise<StoredDocument | undefined> {
    const leader = await this.#cluster.reach(shard);
    return this.local(leader, database, shard).get(key, transactionOn(leader));
  }

  /** The shard on this server; a leader that has not got it is a bug. */
  local(node: ServerNode, database: string, shard: PlannedShard) {
    const local = node.storage.database(database)?.collection(shard.name);
    if (local === undefined) throw new ArangoApiError(4, `shard ${shard.name} is missing on ${node.id}`);
    return local;
  }

  #followers(shard: PlannedShard): ServerNode[] {
    const [leaderId] = shard.servers;
    const followers = shard.inSync.filter((id) => id !== leaderId).map((id) => this.#cluster.dbServerById(id));
    if (followers.every((node) => node.up)) return followers;
    const present = followers.filter((node) => node.up);
    shard.inSync = [leaderId as string, ...present.map((node) => node.id)];
    this.#cluster.plan.changed();
    return present;
  }

  /** Fewer replicas in sync than the write concern: the shard is read-only for everybody (1.4). */
  #needWriteConcern(collection: PlannedCollection, shard: PlannedShard): void {
    const { writeConcern } = collection.spread;
    if (writeConcern <= 1) return;
    if (1 + this.#followers(shard).length >= writeConcern) return;
    throw new ArangoApiError(1004, `write concern ${writeConcern} of shard ${shard.name} cannot be fulfilled`);
  }

  #shardNamed(database: string, name: string): PlannedShard | undefined {
    for (const collection of this.#cluster.database(database).collections()) {
      const shard = collection.shards.find((candidate) => candidate.name === name);
      if (shard !== undefined) return shard;
    }
    return undefined;
  }
}
