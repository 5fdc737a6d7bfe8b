import { ArangoApiError } from '../http/errors.ts';
import { catchUp } from './catch-up.ts';
import type { Cluster } from './cluster.ts';
import type { PlannedCollection, PlannedDatabase, PlannedShard } from './plan.ts';
import type { ServerNode } from './server-node.ts';
import { localShard } from './shards.ts';

/** A shard with where it belongs. */
export interface PlacedShard {
  readonly database: PlannedDatabase;
  readonly collection: PlannedCollection;
  readonly shard: PlannedShard;
}

/** Keeps the DB-Servers as the Plan says: brings servers in line that return, fails over, moves shards. */
export class Supervision {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Gives the shards that this server leads to followers in sync that are up, and calls it FAILED. A shard without such
   * a follower stays, and cannot be reached.
   */
  failOver(node: ServerNode): void {
    this.#cluster.failed.add(node.id);
    for (const placed of this.#shards()) {
      const { shard } = placed;
      if (shard.servers[0] !== node.id) continue;
      const next = shard.inSync.find((id) => id !== node.id && this.#cluster.dbServerById(id).up);
      if (next === undefined) continue;
      this.#lead(shard, next);
      shard.inSync = shard.inSync.filter((id) => id !== node.id && this.#cluster.dbServerById(id).up);
    }
    this.#cluster.plan.changed();
  }

  /** A server that answers again gets what it missed, and follows in sync. */
  bringInLine(node: ServerNode): void {
    this.#cluster.failed.delete(node.id);
    this.#dropSurplusDatabases(node);
    for (const database of this.#cluster.plan.databases.values()) {
      const { id, name, definition } = database;
      if (node.storage.database(name) === undefined) node.storage.createDatabase({ id, name, definition });
      this.#dropSurplusShards(node, database);
    }
    for (const placed of this.#shards()) {
      if (placed.shard.servers.includes(node.id)) this.#supply(node, placed);
    }
    this.#cluster.plan.changed();
  }

  /**
   * After a server lost the end of its data: followers drop what their leader no longer has, a follower gets what it
   * lost.
   */
  resync(node: ServerNode): void {
    for (const { database, shard } of this.#shards()) {
      const [leaderId, ...followers] = shard.servers;
      if (leaderId === node.id) {
        for (const id of followers) this.#follow(node, this.#cluster.dbServerById(id), database, shard);
      } else if (followers.includes(node.id)) {
        this.#follow(this.#cluster.dbServerById(leaderId as string), node, database, shard);
      }
    }
    this.#cluster.plan.changed();
  }

  /** Makes a follower the leader; the old leader follows. It must be a planned follower in sync (400/10). */
  moveLeader(placed: PlacedShard, to: string): void {
    for (const { shard } of this.#clones(placed)) {
      if (!shard.inSync.includes(to) || !this.#cluster.dbServerById(to).up) {
        throw new ArangoApiError(10, `server ${to} does not follow shard ${shard.name} in sync`);
      }
      this.#handOver(shard, to);
    }
    this.#cluster.plan.changed();
  }

  /** Moves a shard, and those distributed like it, from one server to another that has it not yet (2.7). */
  moveShard(placed: PlacedShard, from: string, to: string): void {
    const { shard } = placed;
    if (!shard.servers.includes(from)) throw new ArangoApiError(10, `shard ${shard.name} is not on server ${from}`);
    if (shard.servers.includes(to)) throw new ArangoApiError(10, `shard ${shard.name} is on server ${to} already`);
    const target = this.#cluster.dbServerById(to);
    for (const clone of this.#clones(placed)) {
      clone.shard.servers = [...clone.shard.servers, to];
      this.#supply(target, clone);
      if (clone.shard.servers[0] === from) this.#handOver(clone.shard, to);
      this.#takeAway(clone, from);
    }
    this.#cluster.plan.changed();
  }

  /** Hands the leadership of every shard of a server to a follower in sync (resignLeadership). */
  resignLeadership(node: ServerNode): void {
    for (const { shard } of this.#shards()) {
      if (shard.servers[0] !== node.id) continue;
      const next = shard.inSync.find((id) => id !== node.id && this.#cluster.dbServerById(id).up);
      if (next !== undefined) this.#handOver(shard, next);
    }
    this.#cluster.plan.changed();
  }

  /** Moves every shard of a server elsewhere; new shards avoid it from now on (cleanOutServer). */
  cleanOut(node: ServerNode): void {
    this.#cluster.cleaned.add(node.id);
    for (const placed of [...this.#shards()]) {
      if (placed.collection.distributeShardsLike !== undefined || !placed.shard.servers.includes(node.id)) continue;
      const free = this.#cluster.dbServers.find(
        ({ id, up }) => up && !this.#cluster.cleaned.has(id) && !placed.shard.servers.includes(id),
      );
      if (free === undefined) throw new ArangoApiError(1487, `no server is left for shard ${placed.shard.name}`);
      this.moveShard(placed, node.id, free.id);
    }
    this.#cluster.plan.changed();
  }

  /** Adds or removes followers after a change of the replication factor. */
  adjustReplicas(database: PlannedDatabase, collection: PlannedCollection): void {
    const { replicationFactor } = collection.spread;
    const wanted = replicationFactor === 'satellite' ? this.#cluster.dbServers.length : replicationFactor;
    for (const shard of collection.shards) {
      const placed = { database, collection, shard };
      while (shard.servers.length > wanted) this.#takeAway(placed, shard.servers.at(-1) as string);
      for (const node of this.#cluster.dbServers) {
        if (shard.servers.length >= wanted) break;
        if (!node.up || shard.servers.includes(node.id) || this.#cluster.cleaned.has(node.id)) continue;
        shard.servers = [...shard.servers, node.id];
        this.#supply(node, placed);
      }
    }
    this.#cluster.plan.changed();
  }

  /** A shard by name, or the i-th of a collection; 404/1203 without it. */
  find(database: string, collection: string, shard: string | number): PlacedShard {
    const home = this.#cluster.database(database);
    const planned = home.collection(collection);
    if (planned === undefined) throw new ArangoApiError(1203, `collection or view not found: ${collection}`);
    const found = typeof shard === 'number' ? planned.shards[shard] : planned.shards.find(({ name }) => name === shard);
    if (found === undefined) throw new ArangoApiError(10, `collection ${collection} has no shard ${shard}`);
    return { database: home, collection: planned, shard: found };
  }

  *#shards(): Iterable<PlacedShard> {
    for (const database of this.#cluster.plan.databases.values()) {
      for (const collection of database.collections()) {
        for (const shard of collection.shards) yield { database, collection, shard };
      }
    }
  }

  /** The shard of the prototype and the same of all collections distributed like it. */
  #clones({ database, collection, shard }: PlacedShard): PlacedShard[] {
    const index = collection.shards.indexOf(shard);
    const root = collection.distributeShardsLike ?? collection.id;
    const clones: PlacedShard[] = [];
    for (const other of database.collections()) {
      if (other.id !== root && other.distributeShardsLike !== root) continue;
      clones.push({ database, collection: other, shard: other.shards[index] as PlannedShard });
    }
    return clones;
  }

  /** The new leader was written to with every call: it has all, and only takes over the clock. */
  #handOver(shard: PlannedShard, to: string): void {
    const old = this.#cluster.leader(shard);
    if (old.up) this.#cluster.dbServerById(to).storage.adoptClock(old.storage.nextRevision());
    this.#lead(shard, to);
  }

  #lead(shard: PlannedShard, id: string): void {
    shard.servers = [id, ...shard.servers.filter((server) => server !== id)];
    shard.inSync = [id, ...shard.inSync.filter((server) => server !== id)];
  }

  #takeAway({ database, shard }: PlacedShard, id: string): void {
    shard.servers = shard.servers.filter((server) => server !== id);
    shard.inSync = shard.inSync.filter((server) => server !== id);
    const node = this.#cluster.dbServerById(id);
    if (node.up && localShard(node.storage, database.name, shard.name) !== undefined) {
      node.storage.dropCollection(database.name, shard.name);
    }
  }

  /** Makes the shard on this server as it should be there. */
  #supply(node: ServerNode, { database, collection, shard }: PlacedShard): void {
    const local = localShard(node.storage, database.name, shard.name);
    if (local === undefined) this.#cluster.makeShard(node, database, collection, shard);
    else this.#alignIndexes(node, database, collection, shard);
    if (shard.servers[0] === node.id) {
      if (!shard.inSync.includes(node.id)) shard.inSync = [node.id, ...shard.inSync];
      return;
    }
    this.#follow(this.#cluster.leader(shard), node, database, shard);
  }

  #follow(leader: ServerNode, follower: ServerNode, database: PlannedDatabase, shard: PlannedShard): void {
    if (!leader.up || !follower.up) return;
    catchUp(leader.storage, follower.storage, database.name, shard.name);
    if (!shard.inSync.includes(follower.id)) shard.inSync = [...shard.inSync, follower.id];
  }

  #alignIndexes(node: ServerNode, database: PlannedDatabase, collection: PlannedCollection, shard: PlannedShard): void {
    const local = localShard(node.storage, database.name, shard.name);
    const present = new Set(local?.indexes.map(({ id }) => id));
    const wanted = new Set(collection.indexes.map(({ id }) => id));
    for (const id of present) if (!wanted.has(id)) node.storage.dropIndex(database.name, shard.name, id);
    for (const index of collection.indexes) {
      if (!present.has(index.id)) node.storage.createIndex(database.name, shard.name, index);
    }
  }

  #dropSurplusDatabases(node: ServerNode): void {
    for (const { id, name } of node.storage.databases()) {
      if (this.#cluster.plan.databases.get(name)?.id !== id) node.storage.dropDatabase(name);
    }
  }

  #dropSurplusShards(node: ServerNode, database: PlannedDatabase): void {
    const planned = new Set<string>();
    for (const collection of database.collections()) {
      for (const shard of collection.shards) if (shard.servers.includes(node.id)) planned.add(shard.name);
    }
    for (const local of node.storage.database(database.name)?.collections() ?? []) {
      if (!planned.has(local.name)) node.storage.dropCollection(database.name, local.name);
    }
  }
}
