import { createSyncCollections } from '../../../src/adapters/arangodb/sync-collections.ts';
import type { EmbeddedOptions } from '../../../src/adapters/embedded/index.ts';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import { targetNameOf } from '../../../src/replication/system-collections.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import type { ShardReport, StructureReport, WorkerTask } from '../../../src/wire/worker.ts';
import { INVENTORY_CHANNEL, TestSource, until } from '../source/harness.ts';
import { type TestEngine, TestTarget, testEngine } from '../target/harness.ts';

const TARGET_ID = 'target-deployment';
type Side = Pick<EmbeddedOptions, 'serverVersion' | 'answers' | 'mode' | 'clientLifetimeSeconds'>;

/** Structure and data of one embedded deployment followed by another, of other versions or with other answers. */
export class VersionPair {
  readonly source: TestSource;
  readonly target: TestTarget;
  #engine: TestEngine;
  readonly #tasks = new Map<string, WorkerTask>();

  private constructor(source: TestSource, target: TestTarget) {
    this.source = source;
    this.target = target;
    this.#engine = this.#newEngine();
  }

  #newEngine(): TestEngine {
    const { source, target } = this;
    const connect = async () => {
      const { sender, receiver } = memoryLink({ targetId: TARGET_ID });
      void source.engine.serve(sender);
      return receiver;
    };
    const routes = async () => new Map([...this.#tasks.keys()].map((channel) => [channel, 'worker'] as const));
    return testEngine(target.deployment, { connect, routes });
  }

  static async start(from: Partial<Side>, to: Partial<Side>, limits: Partial<SourceLimits> = {}): Promise<VersionPair> {
    const size = { mode: 'cluster', dbServers: 2, coordinators: 1 } as const;
    const [source, target] = await Promise.all([
      TestSource.start({ ...size, ...from }, limits),
      TestTarget.start({ ...size, ...to }),
    ]);
    await Promise.all([source, target].map(({ deployment: { front } }) => createSyncCollections(front)));
    return new VersionPair(source, target);
  }

  async stop(): Promise<void> {
    await this.#engine.engine.stop();
    await this.target.stop();
    await this.source.stop();
  }

  get log() {
    return this.#engine.log;
  }

  get reports(): readonly StructureReport[] {
    return this.#engine.structures;
  }

  /** Everything that was changed on the target so far. */
  get changes(): readonly string[] {
    return this.reports.flatMap(({ changes }) => changes);
  }

  /** `database/collection: reason` of what the last report lists. */
  get problems(): readonly string[] {
    const { problems = [] } = this.reports.at(-1) ?? {};
    return problems.map(({ database, collection, reason }) => `${database}/${collection}: ${reason}`);
  }

  /**
   * Something happens while nobody follows, and the source's logs do not reach back to it: what differs has to be found
   * out. The reasons that shards gave for the way they took.
   */
  async gap(happens: () => Promise<void>): Promise<readonly string[]> {
    await this.#engine.engine.stop();
    await happens();
    const { control, dbServers } = this.source.embedded;
    for (const id of dbServers.length === 0 ? [undefined] : dbServers.map((server) => server.id)) control.prune(id);
    this.#engine = this.#newEngine();
    await this.#instruct();
    const shards = [...this.#tasks.keys()].filter((channel) => /\/[^_/][^/]*\/\d+$/.test(channel));
    const reports = await Promise.all(
      shards.map((channel) => this.shard(channel, ({ status }) => status === 'running')),
    );
    return reports.map((report) => `${report.way}: ${report.reason}`);
  }

  shard(channel: string, wants: (report: ShardReport) => boolean): Promise<ShardReport> {
    return this.#engine.shard(channel, wants);
  }

  /** A request to one side as the superuser. */
  ask<T = unknown>(side: 'source' | 'target', call: string, body?: unknown, database = '_system'): Promise<T> {
    const [method = 'GET', path = ''] = call.split(' ');
    const request = { method: method as 'GET', path, database, ...(body === undefined ? {} : { body }) };
    return this[side].deployment.front.json<T>(request);
  }

  /** Begins to follow; shards are followed as they are reported. */
  async follow(): Promise<void> {
    await this.source.addTask(INVENTORY_CHANNEL);
    await this.#add({ id: 'inventory', type: 'receive-inventory', channels: { data: INVENTORY_CHANNEL } });
  }

  /** Waits until the target was brought in line once more, and follows its shards. */
  async aligned(wants: (report: StructureReport) => boolean = () => true): Promise<void> {
    const report = await until('a report of the structure that is wanted', () => {
      const last = this.reports.at(-1);
      return last !== undefined && wants(last) ? last : undefined;
    }).catch((error: unknown) => {
      throw new Error(`${error}; last ${JSON.stringify(this.reports.at(-1))}; ${JSON.stringify(this.log.slice(-5))}`);
    });
    for (const shard of report.shards) {
      const channel = channelOf(shard);
      if (this.#tasks.has(channel)) continue;
      await this.source.addTask(channel, shard);
      await this.#add({ id: channel, type: 'receive-shard', channels: { data: channel }, shard });
    }
  }

  /** Waits until the shards of a collection stream, and the target has these documents of it, and no others. */
  async equal(database: string, collection: string, keys: readonly string[]): Promise<void> {
    for (const channel of this.#tasks.keys()) {
      if (channel.startsWith(`${database}/${collection}/`)) {
        await this.#engine.shard(channel, ({ status }) => status === 'running');
      }
    }
    let [there, here] = ['', ''];
    await until(`equal documents of ${database}/${collection}`, async () => {
      there = await this.#documents('source', database, collection, keys);
      here = await this.#documents('target', database, targetNameOf(collection), keys);
      return there === here;
    }).catch((error: unknown) => {
      const reports = this.#engine.engine.reports().map(({ taskId, statusMessage }) => `${taskId}: ${statusMessage}`);
      throw new Error(`${error}: ${there}\n${here}\n${reports.join('\n')}`);
    });
  }

  async #documents(
    side: 'source' | 'target',
    database: string,
    collection: string,
    keys: readonly string[],
  ): Promise<string> {
    const { front } = this[side].deployment;
    const path = `/_api/document/${encodeURIComponent(collection)}`;
    const query = { onlyget: true };
    const { body } = await front.request({ method: 'PUT', path, database, query, body: keys, repeatable: true });
    const { count } = await this.ask<{ count: number }>(
      side,
      `GET /_api/collection/${encodeURIComponent(collection)}/count`,
      undefined,
      database,
    );
    // Under its own name on either side.
    return `${count} ${body.toString('utf8').replaceAll(`"_id":"${collection}/`, '"_id":"')}`;
  }

  async #add(task: Omit<WorkerTask, 'peerId'>): Promise<void> {
    const peerId = this.source.deployment.id;
    this.#tasks.set(task.channels.data, { ...task, peerId } as WorkerTask);
    await this.#instruct();
  }

  async #instruct(): Promise<void> {
    const peerId = this.source.deployment.id;
    const remote = { endpoints: [], caCertificate: '', token: '' };
    const incoming = { epoch: 'epoch-1', sourceDeployment: peerId, remote, confirmedDrops: [] };
    await this.#engine.engine.setInstructions({ incoming, tasks: [...this.#tasks.values()] });
  }
}

function channelOf({ database, collection, shardIndex }: ShardRef): string {
  return `${database}/${collection}/${shardIndex}`;
}
