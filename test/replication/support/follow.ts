import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import type { TargetLimits } from '../../../src/replication/target/environment.ts';
import type { ShardReport, WorkerTask } from '../../../src/wire/worker.ts';
import { TestSource, until } from '../source/harness.ts';
import { type TestEngine, TestTarget, testEngine } from '../target/harness.ts';

const TARGET_ID = 'target-deployment';

/** Both engines over two embedded servers, joined by a link in memory: one collection `c` follows the other. */
export class Following {
  readonly source: TestSource;
  readonly target: TestTarget;
  #engine: TestEngine | undefined;
  #targetLimits: Partial<TargetLimits> = {};
  #suspicion = 0;

  private constructor(source: TestSource, target: TestTarget) {
    this.source = source;
    this.target = target;
  }

  static async start(limits: Partial<SourceLimits> = {}): Promise<Following> {
    const source = await TestSource.start({ mode: 'single' }, limits);
    const target = await TestTarget.start({ mode: 'single' });
    await source.createCollection('c');
    await target.createCollection('c');
    await source.addTask('c', { database: '_system', collection: 'c', shardIndex: 0 });
    return new Following(source, target);
  }

  async stop(): Promise<void> {
    await this.#engine?.engine.stop();
    await this.target.stop();
    await this.source.stop();
  }

  /** A target worker begins to follow under this epoch; the one before is stopped, or killed by the caller. */
  async follow(epoch = 'epoch-1', targetLimits: Partial<TargetLimits> = {}): Promise<TestEngine> {
    await this.#engine?.engine.stop();
    this.#targetLimits = targetLimits;
    const routes = async () => new Map([['c', 'worker']]);
    const connect = async () => {
      const { sender, receiver } = memoryLink({ targetId: TARGET_ID });
      void this.source.engine.serve(sender);
      return receiver;
    };
    this.#engine = testEngine(this.target.deployment, { connect, routes }, this.#targetLimits);
    await this.#instruct(epoch);
    return this.#engine;
  }

  /** Compares the shard with the source, as after a write of which nobody knows what became of it; the report after it. */
  async compare(epoch = 'epoch-1'): Promise<ShardReport> {
    this.#suspicion += 1;
    const suspicion = this.#suspicion;
    await this.#instruct(epoch, suspicion);
    return await this.#running((report) => report.settled?.suspicion === suspicion);
  }

  /** The shard streams, and is where the source is. */
  async equal(): Promise<ShardReport> {
    const report = await this.#running(({ status }) => status === 'running');
    const documents = async (side: TestSource | TestTarget) => {
      const all = await documentsOf(side);
      return all.join('\n');
    };
    await until('equal documents', async () => (await documents(this.source)) === (await documents(this.target)));
    return report;
  }

  /** The shared reader speaks for the shard although nothing happens in it. */
  async isOnFloor(): Promise<void> {
    const { lastMessage = '' } = await this.#running(() => true);
    await this.#running((report) => (report.lastMessage ?? '') > lastMessage && report.delay !== undefined);
  }

  async #instruct(epoch: string, suspicion?: number): Promise<void> {
    const shard = { database: '_system', collection: 'c', shardIndex: 0 };
    const peerId = this.source.deployment.id;
    const doubt = suspicion === undefined ? {} : { suspicion };
    const task: WorkerTask = { id: 'c', type: 'receive-shard', channels: { data: 'c' }, peerId, shard, ...doubt };
    const remote = { endpoints: [], caCertificate: '', token: '' };
    const incoming = { epoch, sourceDeployment: peerId, remote, confirmedDrops: [] };
    await this.#engine?.engine.setInstructions({ incoming, tasks: [task] });
  }

  #running(wants: (report: ShardReport) => boolean): Promise<ShardReport> {
    if (this.#engine === undefined) throw new Error('nobody follows');
    return this.#engine.shard('c', wants);
  }
}

/** The documents of `c` as they are stored, in the order of their keys. */
async function documentsOf({ deployment: { front } }: TestSource | TestTarget): Promise<string[]> {
  const path = '/_api/replication/batch';
  const { id } = await front.json<{ id: string }>({ method: 'POST', path, body: { ttl: 60 } });
  const query = { collection: 'c', batchId: id, useEnvelope: false, chunkSize: 100_000_000 };
  const { body } = await front.request({ method: 'GET', path: '/_api/replication/dump', query });
  await front.request({ method: 'DELETE', path: `${path}/${id}` });
  return body.toString('utf8').split('\n').toSorted();
}
