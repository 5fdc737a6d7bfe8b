import type { ArangoDeployment, ArangoServer, DbServerInfo } from '../../replication/arango.ts';
import { ArangoClient, type ClientOptions } from './client.ts';
import { normaliseEndpoint } from './endpoints.ts';

/** How long health is trusted for the endpoint of a DB-Server that it knew. */
const ENDPOINT_FRESH_MS = 2_000;

export type DeploymentOptions = Omit<ClientOptions, 'name'>;

interface Health {
  readonly ClusterId: string;
  readonly Health: Readonly<Record<string, { Role?: string; Endpoint?: string; Status?: string; ShortName?: string }>>;
}

interface LastTick {
  readonly server: { readonly serverId: string };
}

/** A deployment that holds connections: {@link close} them. */
export interface ConnectedDeployment extends ArangoDeployment {
  close(): Promise<void>;
}

/**
 * Asks the endpoints what they are and who they belong to. Throws when they are agents or DB-Servers, when nobody
 * answers, or when the login is refused.
 */
export async function connectDeployment(options: DeploymentOptions): Promise<ConnectedDeployment> {
  const front = new ArangoClient(options);
  try {
    const { role } = await front.json<{ role: string }>({ method: 'GET', path: '/_admin/server/role' });
    if (role === 'SINGLE') return await SingleServer.connect(front);
    if (role === 'COORDINATOR') return await Cluster.connect(front, options);
    throw new Error(
      `${front.name} is a server of role ${role}: give the endpoints of coordinators or of a single server`,
    );
  } catch (error) {
    await front.close();
    throw error;
  }
}

/**
 * Reference 2.5: a cluster's own id, which every version tells, so that an upgrade does not look like another deployment
 * (S1). The call for it that came with 3.12.6 is asked where health keeps the id to itself.
 */
async function identityOfCluster(front: ArangoServer): Promise<string> {
  const { ClusterId } = await front.json<Partial<Health>>({ method: 'GET', path: '/_admin/cluster/health' });
  if (ClusterId) return ClusterId;
  return (await front.json<{ id: string }>({ method: 'GET', path: '/_admin/deployment/id' })).id;
}

async function databasesOf(front: ArangoServer, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const path = '/_api/database';
  const { result } = await front.json<{ result: string[] }>({ method: 'GET', path, ...(signal && { signal }) });
  return result;
}

class SingleServer implements ConnectedDeployment {
  readonly kind = 'single';
  readonly id: string;
  readonly front: ArangoClient;
  readonly #serverId: string;

  /** A single server's number is the deployment's identity, in every version (reference 2.5). */
  private constructor(front: ArangoClient, serverId: string) {
    this.front = front;
    this.id = serverId;
    this.#serverId = serverId;
  }

  static async connect(front: ArangoClient): Promise<SingleServer> {
    const { server } = await front.json<LastTick>({ method: 'GET', path: '/_api/wal/lastTick' });
    return new SingleServer(front, server.serverId);
  }

  async dbServers(): Promise<readonly DbServerInfo[]> {
    return [{ id: this.#serverId, shortName: 'single', endpoint: this.front.name, healthy: true }];
  }

  async dbServer(id: string): Promise<ArangoServer> {
    if (id !== this.#serverId) throw new Error(`the single server ${this.front.name} is ${this.#serverId}, not ${id}`);
    return this.front;
  }

  databases(signal?: AbortSignal): Promise<readonly string[]> {
    return databasesOf(this.front, signal);
  }

  async everyServer(): Promise<readonly ArangoServer[]> {
    return [this.front];
  }

  close(): Promise<void> {
    return this.front.close();
  }
}

class Cluster implements ConnectedDeployment {
  readonly kind = 'cluster';
  readonly id: string;
  readonly front: ArangoClient;
  readonly #options: DeploymentOptions;
  /** By id of the DB-Server; made anew when its endpoint changes. */
  readonly #clients = new Map<string, { readonly endpoint: string; readonly client: ArangoClient }>();
  readonly #now: () => number;
  #looking: Promise<readonly DbServerInfo[]> | undefined;
  #known: { readonly at: number; readonly servers: readonly DbServerInfo[] } = { at: -Infinity, servers: [] };

  private constructor(front: ArangoClient, id: string, options: DeploymentOptions) {
    this.front = front;
    this.id = id;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  static async connect(front: ArangoClient, options: DeploymentOptions): Promise<Cluster> {
    return new Cluster(front, await identityOfCluster(front), options);
  }

  async dbServers(signal?: AbortSignal): Promise<readonly DbServerInfo[]> {
    const servers = (await this.#health(signal))
      .filter(([, server]) => server.Role?.toLowerCase() === 'dbserver' && server.Endpoint)
      .map(([id, server]) => ({
        id,
        shortName: server.ShortName ?? id,
        endpoint: normaliseEndpoint(server.Endpoint ?? ''),
        healthy: server.Status === 'GOOD',
      }));
    this.#known = { at: this.#now(), servers };
    return servers;
  }

  async dbServer(id: string): Promise<ArangoServer> {
    const info = this.#fresh(id) ?? (await this.#lookedUp()).find((server) => server.id === id);
    if (info === undefined) throw new Error(`the cluster of ${this.front.name} has no DB-Server ${id}`);
    return this.#clientOf(id, info.endpoint, `DB-Server ${id}`);
  }

  /** One question for all who ask at the time: thousands of shards do. */
  #lookedUp(): Promise<readonly DbServerInfo[]> {
    this.#looking ??= this.dbServers().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async everyServer(signal?: AbortSignal): Promise<readonly ArangoServer[]> {
    return (await this.#health(signal)).flatMap(([id, { Role, Endpoint }]) => {
      const role = Role?.toLowerCase() ?? '';
      if (!Endpoint || !['dbserver', 'coordinator'].includes(role)) return [];
      return [this.#clientOf(id, normaliseEndpoint(Endpoint), `${Role} ${id}`)];
    });
  }

  async #health(signal: AbortSignal | undefined): Promise<[string, Health['Health'][string]][]> {
    const path = '/_admin/cluster/health';
    const { Health } = await this.front.json<Health>({ method: 'GET', path, ...(signal && { signal }) });
    return Object.entries(Health);
  }

  #clientOf(id: string, endpoint: string, name: string): ArangoClient {
    const known = this.#clients.get(id);
    if (known?.endpoint === endpoint) return known.client;
    const client = new ArangoClient({ ...this.#options, endpoints: [endpoint], name });
    this.#clients.set(id, { endpoint, client });
    // Requests to the old address may still run: their callers hear of it, nobody waits for them.
    void known?.client.close();
    return client;
  }

  #fresh(id: string): DbServerInfo | undefined {
    if (this.#now() - this.#known.at > ENDPOINT_FRESH_MS) return undefined;
    return this.#known.servers.find((server) => server.id === id);
  }

  databases(signal?: AbortSignal): Promise<readonly string[]> {
    return databasesOf(this.front, signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.front.close(), ...[...this.#clients.values()].map(({ client }) => client.close())]);
  }
}
