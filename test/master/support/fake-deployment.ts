import {
  type ArangoAnswer,
  type ArangoDeployment,
  ArangoError,
  type ArangoRequest,
  type ArangoServer,
  type DbServerInfo,
} from '../../../src/replication/arango.ts';
import { MinimalArango } from '../../support/minimal-arango.ts';

/** A collection of the fake with its one shard. */
export interface FakeCollection {
  readonly id: string;
  readonly isSystem: boolean;
  /** Top of its revision tree. */
  count: number;
  hash: string;
}

/**
 * A single server that keeps our own collections (in {@link MinimalArango}), knows a mode, and tells of collections and
 * their revision trees as a test sets them.
 */
export class FakeServer implements ArangoServer {
  readonly name = 'fake';
  readonly documents = new MinimalArango();
  readonly databases = new Map<string, Map<string, FakeCollection>>([['_system', new Map()]]);
  mode: 'default' | 'readonly' = 'default';
  version = '3.12.10';
  engine = 'rocksdb';
  /** Streaming transactions that run. */
  transactions: string[] = [];
  /** AQL queries that run. */
  queries: { readonly id: string; readonly query: string; readonly modificationQuery?: boolean }[] = [];
  tick = 100;
  /** Number of its data directory. */
  serverId = '7';
  /** The first tick that its log still has. */
  firstTick = 1;
  /** From which tick on it keeps its log, by who asked. */
  readonly trackedTicks = new Map<string, string>();
  /** The server's own clock, ms since 1970. */
  now: () => number = Date.now;
  authenticationOn = true;
  /** Every request fails while false. */
  reachable = true;
  /** Batches that are open, and how many there were. */
  readonly openBatches = new Set<string>();
  batches = 0;

  async json<T>(request: ArangoRequest): Promise<T> {
    const answer = await this.request(request);
    const body = JSON.parse(answer.body.toString() || '{}');
    if (answer.status >= 400)
      throw new ArangoError(answer.status, body.errorNum ?? 0, `${request.path}: ${answer.status}`);
    return body;
  }

  async request(request: ArangoRequest): Promise<ArangoAnswer> {
    request.signal?.throwIfAborted();
    if (!this.reachable) throw new Error('the fake database is not reachable');
    if (request.headers?.authorization === '' && this.authenticationOn) return answer(401, { errorNum: 11 });
    return this.#own(request) ?? (await this.documents.request(request));
  }

  #own(request: ArangoRequest): ArangoAnswer | undefined {
    const { method, path, body, database = '_system' } = request;
    if (path === '/_admin/server/mode') {
      if (method === 'PUT') this.mode = (body as { mode: 'default' | 'readonly' }).mode;
      return answer(200, { mode: this.mode });
    }
    if (path === '/_admin/server/role') return answer(200, { role: 'SINGLE' });
    if (path === '/_api/transaction') return answer(200, { transactions: this.transactions.map((id) => ({ id })) });
    if (path === '/_api/query/current') return answer(200, this.queries);
    if (path === '/_api/wal/lastTick')
      return answer(200, { tick: String(this.tick), server: { serverId: this.serverId } });
    if (path === '/_api/wal/tail') return this.#tail(method, request.query ?? {});
    if (path === '/_admin/time') return answer(200, { time: this.now() / 1_000 });
    if (path === '/_api/version') return answer(200, { version: this.version });
    if (path === '/_api/engine') return answer(200, { name: this.engine });
    if (path === '/_api/database') return answer(200, { result: ['_system', ...this.databases.keys()] });
    if (path === '/_api/database/current') return answer(200, { result: { id: `id-of-${database}` } });
    if (path === '/_api/collection' && method === 'GET') return this.#collections(database);
    if (path.startsWith('/_api/replication/batch')) return this.#batch(method, path);
    // Documents without revisions that anybody could look up.
    if (path === '/_api/replication/revisions/ranges') return answer(200, { ranges: [[]] });
    if (path === '/_api/replication/revisions/tree') return this.#tree(database, request.query ?? {});
    return undefined;
  }

  #collections(database: string): ArangoAnswer {
    const collections = this.databases.get(database);
    if (collections === undefined) return answer(404, { errorNum: 1228 });
    const result = [...collections].map(([name, { id, isSystem }]) => ({ name, id, isSystem }));
    return answer(200, { result });
  }

  #tail(method: string, { from, syncerId }: NonNullable<ArangoRequest['query']>): ArangoAnswer {
    if (method === 'DELETE') this.trackedTicks.delete(String(syncerId));
    else if (syncerId !== undefined) this.trackedTicks.set(String(syncerId), String(from));
    const headers = {
      'x-arango-replication-lasttick': String(this.tick),
      'x-arango-replication-frompresent': String(Number(from) >= this.firstTick),
    };
    return { ...answer(200, {}), headers };
  }

  #batch(method: string, path: string): ArangoAnswer {
    if (method === 'POST') {
      this.batches += 1;
      this.openBatches.add(String(this.batches));
      return answer(200, { id: String(this.batches), lastTick: '1' });
    }
    this.openBatches.delete(path.split('/').at(-1) ?? '');
    return answer(204, {});
  }

  #tree(database: string, query: NonNullable<ArangoRequest['query']>): ArangoAnswer {
    const collection = this.databases.get(database)?.get(String(query.collection));
    if (collection === undefined) return answer(404, { errorNum: 1203 });
    if (!this.openBatches.has(String(query.batchId))) return answer(500, { errorNum: 4 });
    const nodes = [{ skip: 3 }, { count: 1, hash: 1 }];
    const { count, hash } = collection;
    return {
      status: 200,
      headers: {},
      body: Buffer.from(
        `{"version":1,"maxDepth":6,"rangeMin":"_bpq8a-----","rangeMax":"_jpq8a-----","count":${count},"hash":${hash},"nodes":${JSON.stringify(nodes)}}`,
      ),
    };
  }
}

export class FakeDeployment implements ArangoDeployment {
  readonly kind = 'single';
  readonly id: string;
  readonly front = new FakeServer();

  constructor(id: string) {
    this.id = id;
  }

  async dbServers(): Promise<readonly DbServerInfo[]> {
    return [{ id: `server-of-${this.id}`, shortName: 'single', endpoint: '', healthy: true }];
  }

  async dbServer(id: string): Promise<ArangoServer> {
    if (id !== `server-of-${this.id}`) throw new Error(`no DB-Server ${id}`);
    return this.front;
  }

  async everyServer(): Promise<readonly ArangoServer[]> {
    return [this.front];
  }

  async databases(): Promise<readonly string[]> {
    return [...this.front.databases.keys()];
  }
}

function answer(status: number, body: object): ArangoAnswer {
  return { status, headers: {}, body: Buffer.from(JSON.stringify(body)) };
}
