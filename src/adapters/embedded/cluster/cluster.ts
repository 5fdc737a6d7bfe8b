import type { Environment } from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import { AgencyJobs } from './agency-jobs.ts';
import type { Ids } from './ids.ts';
import { Plan, type PlannedCollection, type PlannedDatabase, type PlannedShard } from './plan.ts';
import type { ServerNode } from './server-node.ts';
import { shardProperties } from './shards.ts';
import { Supervision } from './supervision.ts';
import type { ClusterServer, ClusterView } from './view.ts';

/** How long a coordinator waits for a leader that does not answer, before 503/1478. */
export const BACKEND_WAIT_MS_DEFAULT = 15_000;

/**
 * The servers of a cluster and its Plan. Servers join after it is made. Everything that changes where data is goes
 * through `structure.ts`, `supervision.ts` and `moves.ts`, everything that changes data through `shard-access.ts`.
 */
export class Cluster implements ClusterView {
  readonly plan = new Plan();
  readonly supervision: Supervision;
  readonly jobs: AgencyJobs;
  readonly ids: Ids;
  readonly environment: Environment;
  readonly backendWaitMs: number;
  readonly dbServers: ServerNode[] = [];
  readonly coordinators: ServerNode[] = [];
  readonly agents: ServerNode[] = [];
  /** DB-Servers whose shards were given to others because they did not answer. */
  readonly failed = new Set<string>();
  /** No supervision: nobody fails over (`/_admin/cluster/maintenance`). */
  maintenance = false;
  /** No new shards here (`cleanOutServer`). */
  readonly cleaned = new Set<string>();

  constructor(ids: Ids, environment: Environment, backendWaitMs: number = BACKEND_WAIT_MS_DEFAULT) {
    this.ids = ids;
    this.environment = environment;
    this.backendWaitMs = backendWaitMs;
    this.supervision = new Supervision(this);
    this.jobs = new AgencyJobs(ids, environment.now);
  }

  nodes(): readonly ServerNode[] {
    return [...this.coordinators, ...this.dbServers, ...this.agents];
  }

  servers(): readonly ClusterServer[] {
    return this.nodes().map((node) => this.#view(node));
  }

  server(id: string): ClusterServer | undefined {
    const node = this.node(id);
    return node === undefined ? undefined : this.#view(node);
  }

  node(id: string): ServerNode | undefined {
    return this.nodes().find((node) => node.id === id);
  }

  /** By id or short name; 404/1449. */
  needDbServer(idOrShortName: string): ServerNode {
    const node = this.dbServers.find(({ id, shortName }) => id === idOrShortName || shortName === idOrShortName);
    if (node === undefined) throw new ArangoApiError(1449, `cluster server ${idOrShortName} unknown`, 404);
    return node;
  }

  database(name: string): PlannedDatabase {
    const database = this.plan.databases.get(name);
    if (database === undefined) throw new ArangoApiError(1228);
    return database;
  }

  /** The node that leads a shard, whether it is up or not. */
  leader(shard: PlannedShard): ServerNode {
    return this.dbServerById(shard.servers[0] as string);
  }

  dbServerById(id: string): ServerNode {
    const node = this.dbServers.find((server) => server.id === id);
    if (node === undefined) throw new ArangoApiError(4, `the Plan names server ${id}, which does not exist`);
    return node;
  }

  /** The leader as soon as it answers: waits for a fail-over or its return, then gives up with 503/1478. */
  async reach(shard: PlannedShard): Promise<ServerNode> {
    const leader = this.leader(shard);
    if (leader.up) return leader;
    return this.#await(() => {
      const current = this.leader(shard);
      return current.up ? current : undefined;
    }, `the leader of shard ${shard.name}`);
  }

  async #await(find: () => ServerNode | undefined, what: string): Promise<ServerNode> {
    const expiry = Promise.withResolvers<'expired'>();
    const timer = setTimeout(() => expiry.resolve('expired'), this.backendWaitMs);
    timer.unref();
    try {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        if ((await Promise.race([this.plan.nextChange(), expiry.promise])) === 'expired') {
          throw new ArangoApiError(1478, `${what} could not be reached`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes a shard on a DB-Server, with its indexes. */
  makeShard(node: ServerNode, database: PlannedDatabase, collection: PlannedCollection, shard: PlannedShard): void {
    node.storage.createCollection(
      database.name,
      {
        id: shard.number.toString(),
        planId: collection.id,
        name: shard.name,
        logicalName: collection.name,
        globallyUniqueId: `c${collection.id}/${shard.name}`,
        type: collection.type,
        isSystem: collection.isSystem,
        properties: shardProperties(collection),
        isSmartChild: collection.properties.isSmartChild === true,
      },
      collection.indexes,
    );
  }

  #view(node: ServerNode): ClusterServer {
    const { id, shortName, endpoint } = node;
    const role = node.role === 'single' ? 'dbserver' : node.role;
    const status = this.failed.has(id) ? 'FAILED' : node.up ? 'GOOD' : 'BAD';
    return { id, role, shortName, endpoint, status };
  }
}
