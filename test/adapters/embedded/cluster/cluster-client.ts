import {
  type EmbeddedDeployment,
  type EmbeddedOptions,
  startEmbedded,
} from '../../../../src/adapters/embedded/index.ts';
import { bearer, Client } from '../http/client.ts';

/** A cluster with authentication and clients that are the superuser everywhere. */
export class TestCluster {
  readonly deployment: EmbeddedDeployment;
  /** The first coordinator. */
  readonly front: Client;
  readonly #token: string;

  constructor(deployment: EmbeddedDeployment) {
    this.deployment = deployment;
    this.#token = bearer(deployment.superuserToken());
    this.front = this.coordinator(0);
  }

  static async start(options: Partial<EmbeddedOptions> = {}): Promise<TestCluster> {
    return new TestCluster(await startEmbedded({ auth: { rootPassword: 'r' }, ...options, mode: 'cluster' }));
  }

  coordinator(index: number): Client {
    return new Client(this.deployment.coordinators[index]?.endpoint as string, this.#token);
  }

  dbServer(id: string): Client {
    const server = this.deployment.dbServers.find((candidate) => candidate.id === id);
    if (server === undefined) throw new Error(`no DB-Server ${id}`);
    return new Client(server.endpoint, this.#token);
  }

  agent(): Client {
    return new Client(this.deployment.agent?.endpoint as string, this.#token);
  }

  /** Where the i-th shard of a collection of `_system` is. */
  shard(collection: string, shard: string | number = 0) {
    return this.deployment.control.shard({ collection, shard });
  }

  /** Keys and revisions of a shard on one server, by its dump; sorted. */
  async contents(server: string, shard: string): Promise<string[]> {
    const client = this.dbServer(server);
    const { id } = (await client.post('/_api/replication/batch', { ttl: 60 })).json;
    const { text } = await client.get(
      `/_api/replication/dump?collection=${shard}&batchId=${id}&useEnvelope=false&chunkSize=100000000`,
    );
    await client.delete(`/_api/replication/batch/${id}`);
    const documents = text.split('\n').filter((line) => line !== '');
    return documents
      .map((line) => JSON.parse(line) as { _key: string; _rev: string })
      .map(({ _key, _rev }) => `${_key} ${_rev}`)
      .sort();
  }

  /** Markers of a server's log behind a tick, of one shard. */
  async markers(server: string, shard: string, from: string): Promise<{ type: number; data?: { _key: string } }[]> {
    const { text } = await this.dbServer(server).get(`/_api/wal/tail?from=${from}&collection=${shard}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: number });
  }

  async tick(server: string): Promise<string> {
    return (await this.dbServer(server).get('/_api/wal/lastTick')).json.tick as string;
  }
}

/** Waits for something that happens soon. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
