import { type ShardRef, shardKey } from '../../src/events/types/parts.ts';
import type { ShardReport, StructureReport, WorkerInstructions, WorkerTask } from '../../src/wire/worker.ts';
import type { Roles, SourceRole, TargetRole } from '../../src/worker/ports.ts';
import type { World } from './world.ts';

/** A data request lives no longer than this: after it, nothing of it lands any more. */
export const requestLifeMs = 3_000;
export const requestTimeoutMs = 1_500;
const pollMs = 700;
const retryMs = 400;
const inventoryMs = 2_000;

/** How far a target has a shard; under another epoch or channel it means nothing. */
export interface Position {
  readonly epoch: string;
  readonly channel: string;
  readonly tick: number;
}

/** A write of one batch, as the target's database gets it. */
export interface Batch {
  readonly shard: ShardRef;
  readonly epoch: string;
  readonly channel: string;
  readonly from: number;
  readonly to: number;
  /** The writer's token is refused after this moment of the server's time (S4). */
  readonly tokenUntilMs: number;
  readonly writer: string;
}

/** The data of a target: of each shard only how far it is applied. */
export class TargetData {
  readonly positions = new Map<string, Position>();
  /** Incarnations of shards that others have followed: nothing of them may come any more. */
  readonly #past = new Set<string>();
  refused = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  positionOf(shard: ShardRef): Position | undefined {
    return this.positions.get(shardKey(shard));
  }

  apply(batch: Batch): 'applied' | 'refused' {
    if (batch.tokenUntilMs < this.#world.nowMs) {
      this.refused += 1;
      return 'refused';
    }
    const key = shardKey(batch.shard);
    const { epoch, channel, from, to, writer } = batch;
    const known = this.positions.get(key);
    const isSame = known?.epoch === epoch && known.channel === channel;
    const tick = isSame ? known.tick : 0;
    if (!isSame && known !== undefined) this.#past.add(JSON.stringify([key, known.epoch, known.channel]));
    if (this.#past.has(JSON.stringify([key, epoch, channel]))) {
      this.#world.fail(`${writer} writes to ${key} on ${channel} in epoch ${epoch}, which another one has followed`);
    }
    if (to < tick) this.#world.fail(`${writer} moves ${key} back from ${tick} to ${to}`);
    if (from > tick)
      this.#world.fail(`${writer} leaves a gap in ${key}: it writes from ${from}, the shard is at ${tick}`);
    this.positions.set(key, { epoch, channel, tick: to });
    return 'applied';
  }
}

/** What the model of a worker's engines needs of the world around its process. */
export interface EngineWorld {
  readonly name: string;
  /** Whether the process still lives. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  position(shard: ShardRef): Promise<Position | undefined>;
  /** Rejects when it is not known whether the batch landed. */
  apply(batch: Omit<Batch, 'tokenUntilMs' | 'writer'>): Promise<'applied' | 'refused'>;
  /** Asks the worker of the source that holds the channel; undefined: it holds it no more. */
  fetch(channel: string, incoming: Incoming, signal: AbortSignal): Promise<Fetched>;
}

export type Incoming = NonNullable<WorkerInstructions['incoming']>;

export interface Fetched {
  readonly sourceDeployment: string;
  /** Of a shard's channel: how far the source is. */
  readonly tick?: number;
  /** Of the inventory's channel. */
  readonly shards?: readonly ShardRef[];
}

/** What a source's worker reads on its own deployment. */
export interface SourceData {
  readonly deploymentId: string;
  tickOf(shard: ShardRef): number;
  shards(): readonly ShardRef[];
}

/** The engines of one tenure of one worker, as a model of the data path: positions that rise. */
export class ModelRoles implements Roles {
  readonly #world: EngineWorld;
  readonly #data: SourceData;
  sending: SourceModel | undefined;
  receiving: TargetModel | undefined;

  constructor(world: EngineWorld, data: SourceData) {
    this.#world = world;
    this.#data = data;
  }

  source(): SourceRole {
    this.sending = new SourceModel(this.#data);
    return this.sending;
  }

  target(structure: (report: StructureReport) => Promise<void>): TargetRole {
    this.receiving = new TargetModel(this.#world, structure);
    return this.receiving;
  }

  /** Tasks that run at this moment. */
  *running(): Generator<WorkerTask> {
    if (this.sending !== undefined) yield* this.sending.tasks.values();
    if (this.receiving !== undefined) for (const { task } of this.receiving.running.values()) yield task;
  }
}

export class SourceModel implements SourceRole {
  /** By data channel. */
  readonly tasks = new Map<string, WorkerTask>();
  readonly #data: SourceData;

  constructor(data: SourceData) {
    this.#data = data;
  }

  setTasks(tasks: readonly WorkerTask[]): void {
    this.tasks.clear();
    for (const task of tasks) this.tasks.set(task.channels.data, task);
  }

  serve(channel: string): Fetched | undefined {
    const task = this.tasks.get(channel);
    if (task === undefined) return undefined;
    const { deploymentId: sourceDeployment } = this.#data;
    if (task.shard === undefined) return { sourceDeployment, shards: this.#data.shards() };
    return { sourceDeployment, tick: this.#data.tickOf(task.shard) };
  }

  reports(): readonly ShardReport[] {
    return [...this.tasks.values()].flatMap((task) =>
      task.shard === undefined ? [] : [reportOf(task, task.shard, 'running', 'tail')],
    );
  }

  async stop(): Promise<void> {
    this.tasks.clear();
  }
}

interface Running {
  readonly task: WorkerTask;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  report?: ShardReport;
}

export class TargetModel implements TargetRole {
  readonly running = new Map<string, Running>();
  #incoming: Incoming | undefined;
  #stopped = false;
  readonly #world: EngineWorld;
  readonly #structure: (report: StructureReport) => Promise<void>;

  constructor(world: EngineWorld, structure: (report: StructureReport) => Promise<void>) {
    this.#world = world;
    this.#structure = structure;
  }

  async setInstructions({ incoming, tasks }: WorkerInstructions): Promise<void> {
    this.#incoming = incoming;
    const wanted = new Map(tasks.map((task) => [task.id, task]));
    const leaving = [...this.running.values()].filter(({ task }) => !wanted.has(task.id));
    for (const { stop } of leaving) stop.abort();
    if (!this.#stopped) for (const task of wanted.values()) if (!this.running.has(task.id)) this.#start(task);
    await Promise.all(leaving.map(({ ended }) => ended));
  }

  reports(): readonly ShardReport[] {
    return [...this.running.values()].flatMap(({ report }) => (report === undefined ? [] : [report]));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const running = [...this.running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  #start(task: WorkerTask): void {
    const stop = new AbortController();
    const work =
      task.shard === undefined ? this.#inventory(task, stop.signal) : this.#receive(task, task.shard, stop.signal);
    const ended = work.finally(() => this.running.delete(task.id));
    this.running.set(task.id, { task, stop, ended });
  }

  async #inventory(task: WorkerTask, signal: AbortSignal): Promise<void> {
    let told = '';
    while (!signal.aborted) {
      try {
        const incoming = this.#current();
        const { sourceDeployment, shards = [] } = await this.#world.fetch(task.channels.data, incoming, signal);
        const report = {
          epoch: incoming.epoch,
          sourceDeployment,
          shards: [...shards],
          problems: [],
          heldDrops: [],
          changes: [],
        };
        const text = JSON.stringify(report);
        if (text !== told) await this.#structure(report);
        told = text;
        await this.#world.sleep(inventoryMs, signal);
      } catch {
        await this.#world.sleep(retryMs, signal);
      }
    }
  }

  async #receive(task: WorkerTask, shard: ShardRef, signal: AbortSignal): Promise<void> {
    const channel = task.channels.data;
    await Promise.resolve();
    let tick: number | undefined;
    let way: ShardReport['way'] = 'none';
    this.#report(task, shard, 'initializing', way);
    while (!signal.aborted) {
      try {
        const incoming = this.#current();
        const { epoch } = incoming;
        if (tick === undefined) {
          const known = await this.#world.position(shard);
          tick = known?.epoch === epoch && known.channel === channel ? known.tick : 0;
          way = tick > 0 ? 'tail' : 'copy';
        }
        if (signal.aborted) return;
        const fetched = await this.#world.fetch(channel, incoming, signal);
        const to = fetched.tick ?? 0;
        if (signal.aborted) return;
        if (to > tick) {
          const from = tick;
          tick = undefined;
          const outcome = await this.#applySettled({ shard, epoch, channel, from, to });
          if (outcome === 'applied') tick = to;
        }
        if (tick !== undefined) this.#report(task, shard, 'running', way);
        await this.#world.sleep(pollMs, signal);
      } catch {
        await this.#world.sleep(retryMs, signal);
      }
    }
  }

  /** A batch of an unknown outcome is over only when nothing of it can land any more: nothing follows it before (S4). */
  async #applySettled(batch: Parameters<EngineWorld['apply']>[0]): Promise<'applied' | 'refused' | 'unknown'> {
    try {
      return await this.#world.apply(batch);
    } catch {
      await this.#world.sleep(requestLifeMs);
      return 'unknown';
    }
  }

  #report(task: WorkerTask, shard: ShardRef, status: ShardReport['status'], way: ShardReport['way']): void {
    const running = this.running.get(task.id);
    if (running !== undefined) running.report = reportOf(task, shard, status, way);
  }

  #current(): Incoming {
    if (this.#incoming === undefined) throw new Error('there is no incoming synchronization');
    return this.#incoming;
  }
}

function reportOf(
  { id }: WorkerTask,
  shard: ShardRef,
  status: ShardReport['status'],
  way: ShardReport['way'],
): ShardReport {
  return {
    taskId: id,
    shard,
    status,
    statusMessage: '',
    shardMasterKnown: true,
    way,
    reason: '',
    documentsCopied: 0,
    operationsApplied: 0,
    bytesApplied: 0,
  };
}
