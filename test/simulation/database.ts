import { createSyncCollections } from '../../src/adapters/arangodb/sync-collections.ts';
import {
  type ArangoAnswer,
  type ArangoDeployment,
  ArangoError,
  type ArangoRequest,
  type ArangoServer,
  ArangoUnreachable,
} from '../../src/replication/arango.ts';
import { FakeDeployment } from '../master/support/fake-deployment.ts';
import type { Network } from './network.ts';
import { SimProcess } from './process.ts';
import type { World } from './world.ts';

const requestMsMax = 10_000;

/** What someone else sees of the writes to the event log, at the moment in which they happen. */
export interface LogWatcher {
  inserted(commit: unknown): void;
}

/** A datacenter's deployment: documents in memory, behind the simulated network. */
export class SimDatabase {
  readonly process: SimProcess;
  readonly deployment: FakeDeployment;
  /** Share of requests that a server answers with 503, done or not done. */
  brokenAnswers = 0;
  /** A process is about to make the deployment writable. */
  onMakeWritable: (from: SimProcess) => void = () => undefined;
  readonly #world: World;
  readonly #network: Network;
  readonly #watcher: LogWatcher;

  private constructor(id: string, world: World, network: Network, watcher: LogWatcher) {
    this.deployment = new FakeDeployment(id);
    this.process = new SimProcess(world, `${id}-database`);
    this.#world = world;
    this.#network = network;
    this.#watcher = watcher;
    this.deployment.front.now = () => world.nowMs;
  }

  static async open(id: string, world: World, network: Network, watcher: LogWatcher): Promise<SimDatabase> {
    const database = new SimDatabase(id, world, network, watcher);
    await createSyncCollections(database.deployment.front);
    return database;
  }

  /** The deployment as one process reaches it. */
  reachedBy(from: SimProcess): ArangoDeployment {
    const { deployment } = this;
    const front: ArangoServer = {
      name: `the database of ${deployment.id}`,
      request: (request) => this.#request(from, request),
      json: async <T>(request: ArangoRequest): Promise<T> => {
        const answer = await this.#request(from, request);
        const body = JSON.parse(answer.body.toString('utf8') || '{}');
        if (answer.status < 400) return body;
        throw new ArangoError(answer.status, body.errorNum ?? 0, `${request.method} ${request.path}: ${answer.status}`);
      },
    };
    return {
      kind: deployment.kind,
      id: deployment.id,
      front,
      dbServers: () => deployment.dbServers(),
      dbServer: async () => front,
      databases: () => deployment.databases(),
      everyServer: async () => [front],
    };
  }

  /**
   * Removes what lies before the first commit that is kept: an insert that landed after its commit was archived (S4) is
   * out of every reader's sight, and only counting the documents shows it.
   */
  dropStrays(first: number): void {
    const events = this.deployment.front.documents.collections.get('_sync_events');
    for (const key of events?.keys() ?? []) if (Number(key) < first) events?.delete(key);
  }

  /** Also snapshots of what is no longer there: they were made on the servers that had it. */
  removeCommitsAfter(position: number): void {
    const { collections } = this.deployment.front.documents;
    const events = collections.get('_sync_events');
    for (const key of [...(events?.keys() ?? [])]) if (Number(key) > position) events?.delete(key);
    collections.get('_sync_snapshots')?.clear();
  }

  async #request(from: SimProcess, request: ArangoRequest): Promise<ArangoAnswer> {
    const { method, path, timeoutMs = requestMsMax, signal } = request;
    if (isMakingWritable(request)) this.onMakeWritable(from);
    try {
      return await this.#network.call({
        from,
        to: () => this.process,
        what: `${method} ${path}`,
        handle: () => this.#handle(request),
        timeoutMs,
        signal,
        repeatable: request.repeatable ?? (method === 'GET' || method === 'HEAD'),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ArangoUnreachable(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  async #handle({ signal: _, ...request }: ArangoRequest): Promise<ArangoAnswer> {
    const isBroken = this.#world.random.chance(this.brokenAnswers);
    if (isBroken && this.#world.random.chance(0.5)) return unavailable;
    const answer = await this.deployment.front.request(request);
    if (isCommit(request) && answer.status === 201) this.#watcher.inserted(request.body);
    return isBroken ? unavailable : answer;
  }
}

function isMakingWritable({ method, path, body }: ArangoRequest): boolean {
  return method === 'PUT' && path === '/_admin/server/mode' && (body as { mode?: string }).mode === 'default';
}

/** The document that says where the log begins lies beside the commits. */
function isCommit({ method, path, body }: ArangoRequest): boolean {
  return (
    method === 'POST' && path === '/_api/document/_sync_events' && typeof body === 'object' && 'hash' in (body ?? {})
  );
}

const unavailable: ArangoAnswer = {
  status: 503,
  headers: {},
  body: Buffer.from('{"error":true,"code":503,"errorNum":503,"errorMessage":"cannot do it now"}'),
};
