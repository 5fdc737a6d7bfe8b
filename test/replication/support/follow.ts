import type { ConnectedDeployment } from '../../../src/adapters/arangodb/deployment.ts';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { ReceiverLink } from '../../../src/replication/queue.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import type { TargetLimits } from '../../../src/replication/target/environment.ts';
import type { ComparisonResult } from '../../../src/wire/comparisons.ts';
import type { WorkerThrottle } from '../../../src/wire/throttle.ts';
import type { ShardReport, WorkerTask } from '../../../src/wire/worker.ts';
import { TestSource, until } from '../source/harness.ts';
import { type TestEngine, TestTarget, testEngine } from '../target/harness.ts';

const TARGET_ID = 'target-deployment';

/** Both engines over two embedded servers, joined by a link in memory: each collection (`c` alone) follows the other. */
export class Following {
  readonly source: TestSource;
  readonly target: TestTarget;
  readonly #collections: readonly string[];
  #engine: TestEngine | undefined;
  #connection: ConnectedDeployment | undefined;
  #links: ReceiverLink[] = [];
  #targetLimits: Partial<TargetLimits> = {};
  #throttle: WorkerThrottle = {};
  #epoch = '';
  #suspicion = 0;
  #checks = 0;

  private constructor(source: TestSource, target: TestTarget, collections: readonly string[]) {
    this.source = source;
    this.target = target;
    this.#collections = collections;
  }

  static async start(limits: Partial<SourceLimits> = {}, collections: readonly string[] = ['c']): Promise<Following> {
    const source = await TestSource.start({ mode: 'single' }, limits);
    const target = await TestTarget.start({ mode: 'single' });
    for (const collection of collections) {
      await source.createCollection(collection);
      await target.createCollection(collection);
      await source.addTask(collection, { database: '_system', collection, shardIndex: 0 });
    }
    return new Following(source, target, collections);
  }

  /** The target's worker ends in the midst of what it does: nothing of it reaches anybody from now on. */
  async kill(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await this.#disconnect();
    for (const link of this.#links.splice(0)) link.close();
    await engine?.engine.stop();
  }

  async stop(): Promise<void> {
    await this.#engine?.engine.stop();
    await this.#disconnect();
    await this.target.stop();
    await this.source.stop();
  }

  get engine(): TestEngine {
    if (this.#engine === undefined) throw new Error('nobody follows');
    return this.#engine;
  }

  /** A target worker begins to follow under this epoch; the one before is stopped, or killed by the caller. */
  async follow(
    epoch = 'epoch-1',
    targetLimits: Partial<TargetLimits> = {},
    throttle: WorkerThrottle = {},
  ): Promise<TestEngine> {
    this.#throttle = throttle;
    await this.#engine?.engine.stop();
    await this.#disconnect();
    this.#targetLimits = targetLimits;
    const routes = async () => new Map(this.#collections.map((collection) => [collection, 'worker']));
    const connect = async () => {
      const { sender, receiver } = memoryLink({ targetId: TARGET_ID });
      void this.source.engine.serve(sender);
      this.#links.push(receiver);
      return receiver;
    };
    this.#connection = await this.target.connectAgain();
    this.#engine = testEngine(this.#connection, { connect, routes }, this.#targetLimits);
    this.#epoch = epoch;
    await this.#instruct(epoch);
    return this.#engine;
  }

  /** What the leader tells the target's worker of limits; the source's read limit is its engine's. */
  async throttle(throttle: WorkerThrottle): Promise<void> {
    this.#throttle = throttle;
    this.source.engine.setReadLimit(throttle.sourceRead ?? {});
    await this.#instruct(this.#epoch);
  }

  /** Compares the shard with the source, as after a write of which nobody knows what became of it; the report after it. */
  async compare(epoch = 'epoch-1'): Promise<ShardReport> {
    this.#suspicion += 1;
    const suspicion = this.#suspicion;
    await this.#instruct(epoch, suspicion);
    return await this.running((report) => report.settled?.suspicion === suspicion);
  }

  /** What a check of the shard finds, at its end; the shard is left as it is unless it is to be repaired. */
  async check(how: { readonly deep?: boolean; readonly repair?: boolean } = {}): Promise<ComparisonResult> {
    this.#checks += 1;
    const id = `check-${this.#checks}`;
    const engine = this.#engine?.engine;
    const shard = { database: '_system', collection: 'c', shardIndex: 0 };
    engine?.setComparisons([{ id, taskId: 'c', shard, deep: false, repair: false, ...how }]);
    const found = await until('the end of a check', () =>
      engine?.comparisons().find((result) => result.id === id && isEnd(result)),
    );
    engine?.setComparisons([]);
    return found;
  }

  /** The shard streams, and is where the source is. */
  async equal(collection = 'c'): Promise<ShardReport> {
    const report = await this.running(({ status }) => status === 'running', collection);
    const documents = async (side: TestSource | TestTarget) => {
      const all = await documentsOf(side, collection);
      return all.join('\n');
    };
    await until('equal documents', async () => (await documents(this.source)) === (await documents(this.target)));
    return report;
  }

  /** The shared reader speaks for the shard although nothing happens in it. */
  async isOnFloor(): Promise<void> {
    const { lastMessage = '' } = await this.running(() => true);
    await this.running((report) => (report.lastMessage ?? '') > lastMessage && report.delay !== undefined);
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  async #instruct(epoch: string, suspicion?: number): Promise<void> {
    const peerId = this.source.deployment.id;
    const doubt = suspicion === undefined ? {} : { suspicion };
    const tasks = this.#collections.map((collection): WorkerTask => {
      const shard = { database: '_system', collection, shardIndex: 0 };
      return { id: collection, type: 'receive-shard', channels: { data: collection }, peerId, shard, ...doubt };
    });
    const remote = { endpoints: [], caCertificate: '', token: '' };
    const incoming = { epoch, sourceDeployment: peerId, remote, confirmedDrops: [] };
    await this.#engine?.engine.setInstructions({ incoming, tasks, throttle: this.#throttle });
  }

  running(wants: (report: ShardReport) => boolean, collection = 'c'): Promise<ShardReport> {
    if (this.#engine === undefined) throw new Error('nobody follows');
    return this.#engine.shard(collection, wants);
  }
}

function isEnd({ state }: ComparisonResult): boolean {
  return state === 'equal' || state === 'different' || state === 'untold';
}

/** The documents of a collection as they are stored, in the order of their keys. */
async function documentsOf({ deployment: { front } }: TestSource | TestTarget, collection: string): Promise<string[]> {
  const path = '/_api/replication/batch';
  const { id } = await front.json<{ id: string }>({ method: 'POST', path, body: { ttl: 60 } });
  const query = { collection, batchId: id, useEnvelope: false, chunkSize: 100_000_000 };
  const { body } = await front.request({ method: 'GET', path: '/_api/replication/dump', query });
  await front.request({ method: 'DELETE', path: `${path}/${id}` });
  return body.toString('utf8').split('\n').toSorted();
}
