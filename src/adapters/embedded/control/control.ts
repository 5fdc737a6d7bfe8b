import type { Cluster } from '../cluster/cluster.ts';
import type { Deployment } from '../cluster/deployment.ts';
import type { ServerNode } from '../cluster/server-node.ts';
import { StorageEngine } from '../engine/server.ts';
import { fullVersion } from '../versions/release.ts';
import type { Fault, FaultRule, Faults } from './faults.ts';

/** High half of a revision of 2022, of a moment at which nobody wrote. */
const NO_DOCUMENTS_HIGH = 0x1800_0000;

/** Which shard: by its name, or the i-th of its collection (sorted by number; default the first). */
export interface ShardChoice {
  readonly database?: string;
  readonly collection: string;
  readonly shard?: string | number;
}

export interface ControlParts {
  readonly deployment: Deployment;
  readonly nodes: readonly ServerNode[];
  readonly faults: Faults;
  readonly failoverGraceMs: number;
  /** What all servers make revisions by. */
  readonly clock: { behindMs: number };
}

/**
 * Tells a deployment to misbehave. Servers are named by their id or short name; a single server needs no name. Nothing
 * of this is visible in the normal API but by its effects.
 */
export class Control {
  readonly #deployment: Deployment;
  readonly #nodes: readonly ServerNode[];
  readonly #faults: Faults;
  readonly #failoverGraceMs: number;
  readonly #clock: { behindMs: number };
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor({ deployment, nodes, faults, failoverGraceMs, clock }: ControlParts) {
    this.#deployment = deployment;
    this.#nodes = nodes;
    this.#faults = faults;
    this.#failoverGraceMs = failoverGraceMs;
    this.#clock = clock;
  }

  // Requests

  /** Delays, fails or cuts the requests that match. */
  addFault(rule: FaultRule): Fault {
    const server = rule.server === undefined ? {} : { server: this.#node(rule.server).id };
    return this.#faults.add({ ...rule, ...server });
  }

  faults(): readonly Fault[] {
    return this.#faults.list();
  }

  /** Lets requests land that `cut-then-hold` kept back. */
  releaseHeld(): Promise<number> {
    return this.#faults.release();
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** What `x-arango-queue-time-seconds` tells from now on; requests that demand less get 412/21004. */
  setQueueTime(seconds: number): void {
    this.#deployment.queueTimeSeconds = seconds;
  }

  // The whole deployment

  setReadOnly(value: boolean): void {
    this.#deployment.setReadOnly(value);
  }

  /** How far the clock is behind that revisions are made by; they never go back. */
  setClock(behindMs: number): void {
    this.#clock.behindMs = behindMs;
  }

  /** Makes every later id (and generated key) larger than this one. */
  raiseIds(id: string): void {
    this.#deployment.ids.raiseTo(id);
  }

  // One server

  /**
   * Stops a server and starts it as another version with the same data; its shards stay with it. Without a name every
   * server at once, and the deployment is of that version.
   */
  async install(serverVersion: string, server?: string): Promise<void> {
    const version = fullVersion(serverVersion);
    if (version === undefined) throw new Error(`the stand-in does not pose as ArangoDB ${serverVersion}`);
    if (server === undefined) this.#deployment.version = version;
    for (const node of server === undefined ? this.#nodes : [this.#node(server)]) {
      node.install(version);
      await this.restart(node.id);
    }
  }

  /** Removes the log up to a tick (default: all of it) even where a client needs it; tells the oldest tick left. */
  prune(server?: string, upToTick?: number): number {
    return this.#node(server).storage.prune(upToTick);
  }

  /** Puts a revision that no document has into the tree of a collection, on a DB-Server of a shard: trees drift (S21). */
  driftTree(collection: string, database = '_system', server?: string): void {
    const { storage } = this.#node(server);
    if (!(storage instanceof StorageEngine)) throw new Error('the server keeps no trees');
    storage.demandCollection(database, collection).tree.add(NO_DOCUMENTS_HIGH, 1);
  }

  /**
   * Connections and requests are taken, nothing is answered until {@link thaw}; what was sent happens then. With
   * `heartbeats: false` a DB-Server is failed over after the grace time.
   */
  freeze(server?: string, options: { readonly heartbeats?: boolean } = {}): void {
    const node = this.#node(server);
    node.freeze();
    this.#changed();
    if (options.heartbeats === false) this.#failOverLater(node);
  }

  thaw(server?: string): void {
    const node = this.#node(server);
    this.#keepLeading(node);
    node.thaw();
    this.#returned(node);
  }

  /** Stops a server, keeping its data. A DB-Server is failed over after the grace time, unless `failover: false`. */
  async stop(server?: string, options: { readonly failover?: boolean } = {}): Promise<void> {
    const node = this.#node(server);
    await node.forget();
    node.storageIfAny?.restart();
    this.#changed();
    if (options.failover !== false) this.#failOverLater(node);
  }

  /** Starts a stopped server on its port; a DB-Server gets what it missed and follows. */
  async start(server?: string): Promise<void> {
    const node = this.#node(server);
    this.#keepLeading(node);
    await node.start();
    this.#returned(node);
  }

  /** Stops and starts, at once: connections, batches, tracked clients, jobs and transactions are gone. */
  async restart(server?: string): Promise<void> {
    await this.stop(server, { failover: false });
    await this.start(server);
  }

  /**
   * A power cut and a start: the end of the log that was not synced is gone with its data, and its ticks are given
   * again (at most what came after `fromTick`). Tells the newest tick left.
   */
  async losePower(server?: string, fromTick?: number): Promise<number> {
    const node = this.#node(server);
    await node.forget();
    const tick = node.storage.losePower(fromTick);
    await node.start();
    this.#returned(node);
    this.#clusterIfAny()?.supervision.resync(node);
    return tick;
  }

  /** Changes of the server mode do not reach this server until {@link releaseMode}. */
  holdMode(server?: string): void {
    this.#node(server).holdMode();
  }

  releaseMode(server?: string): void {
    this.#node(server).releaseMode();
  }

  /** Whether a server leaves its clock as it is, whatever others send with their requests. */
  ignoreClocks(server: string | undefined, value: boolean): void {
    this.#node(server).ignoresClocks = value;
  }

  /** Cuts all connections of a server, which goes on. */
  cutConnections(server?: string): void {
    this.#node(server).cut();
  }

  // Shards

  /** Gives the shards that a DB-Server leads to followers in sync, as after its failure. */
  failOver(server: string): void {
    this.#cluster().supervision.failOver(this.#node(server));
  }

  /** Moves the leadership of a shard to a follower in sync (default: the first); tells its id. */
  moveLeader(choice: ShardChoice, to?: string): string {
    const { supervision } = this.#cluster();
    const placed = this.#find(choice);
    const [leader] = placed.shard.servers;
    const target = to === undefined ? placed.shard.inSync.find((id) => id !== leader) : this.#node(to).id;
    if (target === undefined) throw new Error(`no follower of shard ${placed.shard.name} is in sync`);
    supervision.moveLeader(placed, target);
    return target;
  }

  /** Moves a shard from one DB-Server to another one that has it not. */
  moveShard(choice: ShardChoice, from: string, to: string): void {
    this.#cluster().supervision.moveShard(this.#find(choice), this.#node(from).id, this.#node(to).id);
  }

  /** Where a shard is: its name, its servers in the Plan and in sync, the leader first. */
  shard(choice: ShardChoice): {
    readonly name: string;
    readonly servers: readonly string[];
    readonly inSync: readonly string[];
  } {
    const { name, servers, inSync } = this.#find(choice).shard;
    return { name, servers, inSync };
  }

  /** No timer is left. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#faults.clear();
    for (const node of this.#nodes) node.thaw();
  }

  #find({ database = '_system', collection, shard = 0 }: ShardChoice) {
    return this.#cluster().supervision.find(database, collection, shard);
  }

  #node(name: string | undefined): ServerNode {
    if (name === undefined) {
      const [only, ...others] = this.#nodes;
      if (only !== undefined && others.length === 0) return only;
      throw new Error(`name one of the servers: ${this.#nodes.map(({ id }) => id).join(', ')}`);
    }
    const node = this.#nodes.find(({ id, shortName }) => id === name || shortName === name);
    if (node === undefined) throw new Error(`no server is called ${name}`);
    return node;
  }

  #clusterIfAny(): Cluster | undefined {
    return this.#deployment.cluster;
  }

  #cluster(): Cluster {
    const cluster = this.#clusterIfAny();
    if (cluster === undefined) throw new Error('a single server has no shards');
    return cluster;
  }

  #changed(): void {
    this.#clusterIfAny()?.plan.changed();
  }

  #returned(node: ServerNode): void {
    if (node.role === 'dbserver' && node.up) this.#cluster().supervision.bringInLine(node);
    else this.#changed();
  }

  #failOverLater(node: ServerNode): void {
    if (node.role !== 'dbserver') return;
    this.#keepLeading(node);
    const timer = setTimeout(() => {
      this.#timers.delete(node.id);
      if (!node.up && !this.#cluster().maintenance) this.#cluster().supervision.failOver(node);
    }, this.#failoverGraceMs);
    this.#timers.set(node.id, timer);
  }

  #keepLeading(node: ServerNode): void {
    clearTimeout(this.#timers.get(node.id));
    this.#timers.delete(node.id);
  }
}
