import type { EmbeddedOptions } from '../../../src/adapters/embedded/index.ts';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import type { TargetLimits } from '../../../src/replication/target/environment.ts';
import type { ComparisonResult } from '../../../src/wire/comparisons.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import type { ShardReport, WorkerInstructions, WorkerTask } from '../../../src/wire/worker.ts';
import { TestSource, until } from '../source/harness.ts';
import { type TestEngine, TestTarget, testEngine } from '../target/harness.ts';

const TARGET_ID = 'target-deployment';
const INVENTORY = 'inventory';

export const SINGLE: EmbeddedOptions = { mode: 'single' };
export const CLUSTER: EmbeddedOptions = { mode: 'cluster', dbServers: 2, coordinators: 1 };

/**
 * Both engines over two embedded deployments of any kind, joined by a link in memory, the inventory included: all shards
 * of the source's collection `c` are followed, in whatever shards the target has.
 */
export class Reshaped {
  readonly source: TestSource;
  readonly target: TestTarget;
  #engine: TestEngine | undefined;
  #epoch = '';
  #shards: readonly ShardRef[] = [];
  #suspicion = 0;
  #checks = 0;

  private constructor(source: TestSource, target: TestTarget) {
    this.source = source;
    this.target = target;
  }

  static async start(
    from: EmbeddedOptions,
    to: EmbeddedOptions,
    limits: Partial<SourceLimits> = {},
  ): Promise<Reshaped> {
    const [source, target] = await Promise.all([TestSource.start(from, limits), TestTarget.start(to)]);
    await source.addTask(INVENTORY);
    return new Reshaped(source, target);
  }

  async stop(): Promise<void> {
    await this.#engine?.engine.stop();
    await this.target.stop();
    await this.source.stop();
  }

  get engine(): TestEngine {
    if (this.#engine === undefined) throw new Error('nobody follows');
    return this.#engine;
  }

  /** A target worker begins to follow all shards of `c` under this epoch; the one before is stopped. */
  async follow(epoch = 'epoch-1', limits: Partial<TargetLimits> = {}): Promise<TestEngine> {
    await this.#engine?.engine.stop();
    const routes = async () =>
      new Map([[INVENTORY, 'worker'], ...this.#shards.map((ref) => [channelOf(ref), 'worker'] as const)]);
    const connect = async () => {
      const { sender, receiver } = memoryLink({ targetId: TARGET_ID });
      void this.source.engine.serve(sender);
      return receiver;
    };
    const engine = testEngine(this.target.deployment, { connect, routes }, limits);
    this.#engine = engine;
    this.#epoch = epoch;
    await this.#instruct([]);
    const { shards } = await until(`c being followed, last: ${JSON.stringify(engine.structures.at(-1))}`, () =>
      engine.structures.findLast((report) => report.shards.some(({ collection }) => collection === 'c')),
    );
    await this.#take(shards.filter(({ collection }) => collection === 'c'));
    return engine;
  }

  /** All shards stream. */
  running(): Promise<readonly ShardReport[]> {
    return this.reports(({ status }) => status === 'running');
  }

  /** The reports of all shards, once each of them fits. */
  reports(wants: (report: ShardReport) => boolean): Promise<readonly ShardReport[]> {
    return until(`the reports, last: ${JSON.stringify(this.engine.engine.reports())}`, () => {
      const reports = this.engine.engine.reports();
      return reports.length === this.#shards.length && reports.every(wants) && reports;
    });
  }

  /** Compares all shards with the source, as after writes of which nobody knows what became of them; the reports after it. */
  async compare(): Promise<readonly ShardReport[]> {
    this.#suspicion += 1;
    const suspicion = this.#suspicion;
    await this.#instruct(this.#shards, { suspicion });
    return await this.reports((report) => report.settled?.suspicion === suspicion && report.status === 'running');
  }

  /** What checks of all shards find, each at its end; they are left as they are unless they are to be repaired. */
  async check(how: { readonly deep?: boolean; readonly repair?: boolean } = {}): Promise<readonly ComparisonResult[]> {
    this.#checks += 1;
    const requests = this.#shards.map((shard) => {
      const taskId = channelOf(shard);
      return { id: `check-${this.#checks}-${taskId}`, taskId, shard, deep: false, repair: false, ...how };
    });
    this.engine.engine.setComparisons(requests);
    const last = () => JSON.stringify(this.engine.engine.comparisons());
    const found = await until(`the end of a check, last: ${last()}`, () => {
      const ended = requests.map(({ id }) =>
        this.engine.engine.comparisons().find((result) => result.id === id && isEnd(result)),
      );
      return ended.every((result) => result !== undefined) && ended.filter((result) => result !== undefined);
    }).catch((error: unknown) => {
      throw new Error(`${error}, now: ${last()}`);
    });
    this.engine.engine.setComparisons([]);
    return found;
  }

  /** The worker is told of the barrier. */
  async barrier(barrier: NonNullable<WorkerInstructions['incoming']>['barrier']): Promise<void> {
    await this.#instruct(this.#shards, {}, barrier);
  }

  /** Both sides hold the same documents, but for their revisions. */
  async equal(): Promise<void> {
    await this.running();
    let last = '';
    await until('equal documents', async () => {
      const [source, target] = await Promise.all([contents(this.source), contents(this.target)]);
      last = differenceOf(source, target);
      return last === '';
    }).catch((error: unknown) => {
      throw new Error(`${error}: ${last}; ${JSON.stringify(this.engine.engine.reports())}`);
    });
  }

  async #take(shards: readonly ShardRef[]): Promise<void> {
    for (const ref of shards) {
      if (!this.#shards.some((known) => channelOf(known) === channelOf(ref)))
        await this.source.addTask(channelOf(ref), ref);
    }
    this.#shards = shards;
    await this.#instruct(shards);
  }

  async #instruct(
    shards: readonly ShardRef[],
    more: Partial<WorkerTask> = {},
    barrier?: NonNullable<WorkerInstructions['incoming']>['barrier'],
  ): Promise<void> {
    const peerId = this.source.deployment.id;
    const inventory: WorkerTask = { id: INVENTORY, type: 'receive-inventory', channels: { data: INVENTORY }, peerId };
    const tasks = shards.map((shard): WorkerTask => {
      const channel = channelOf(shard);
      return { id: channel, type: 'receive-shard', channels: { data: channel }, peerId, shard, ...more };
    });
    const remote = { endpoints: [], caCertificate: '', token: '' };
    const incoming = { epoch: this.#epoch, sourceDeployment: peerId, remote, confirmedDrops: [] };
    const held = barrier === undefined ? {} : { barrier };
    await this.engine.engine.setInstructions({ incoming: { ...incoming, ...held }, tasks: [inventory, ...tasks] });
  }
}

function isEnd({ state }: ComparisonResult): boolean {
  return state === 'equal' || state === 'different' || state === 'untold';
}

function channelOf({ collection, shardIndex }: ShardRef): string {
  return `${collection}-${shardIndex}`;
}

/** The documents of `c` by key, as their leaders store them, without what each side gives them of its own. */
export async function contents({ deployment }: TestSource | TestTarget): Promise<ReadonlyMap<string, string>> {
  const { front, kind } = deployment;
  if (kind === 'single') return parsed(await dump(front, 'c'));
  const path = '/_api/collection/c/shards';
  const query = { details: true };
  const { shards } = await front.json<{ shards: Record<string, string[]> }>({ method: 'GET', path, query });
  const parts = await Promise.all(
    Object.entries(shards).map(async ([name, [leader = '']]) => dump(await deployment.dbServer(leader), name)),
  );
  return parsed(parts.flat());
}

async function dump(server: TestSource['deployment']['front'], collection: string): Promise<string[]> {
  const path = '/_api/replication/batch';
  const { id } = await server.json<{ id: string }>({ method: 'POST', path, body: { ttl: 60 } });
  const query = { collection, batchId: id, useEnvelope: false, chunkSize: 100_000_000 };
  const { body } = await server.request({ method: 'GET', path: '/_api/replication/dump', query });
  await server.request({ method: 'DELETE', path: `${path}/${id}` });
  return body.toString('utf8').split('\n').filter(Boolean);
}

/** A key that is there twice shows. */
function parsed(lines: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of lines) {
    const [, key = ''] = /^\{"_key":"([^"]*)"/.exec(line) ?? [];
    const before = found.get(key);
    found.set(key, `${before === undefined ? '' : `${before} and `}${line.replace(/,"_rev":"[^"]*"/, '')}`);
  }
  return found;
}

function differenceOf(source: ReadonlyMap<string, string>, target: ReadonlyMap<string, string>): string {
  for (const [key, text] of source) {
    if (target.get(key) !== text) return `${key} is ${target.get(key)?.slice(0, 80)}, not ${text.slice(0, 80)}`;
  }
  for (const key of target.keys()) if (!source.has(key)) return `${key} is too many`;
  return '';
}
