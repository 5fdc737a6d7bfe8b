import type { ShardRef } from '../../src/events/types/parts.ts';
import type { ShardReport, StructureReport, WorkerInstructions, WorkerTask } from '../../src/wire/worker.ts';
import type { Roles, SourceRole, TargetRole } from '../../src/worker/ports.ts';
import type { Batch, Position } from './target-data.ts';

/** A data request lives no longer than this: after it, nothing of it lands any more. */
export const requestLifeMs = 3_000;
export const requestTimeoutMs = 1_500;
const pollMs = 700;
const retryMs = 400;
const inventoryMs = 2_000;

/** What the model of a worker's engines needs of the world around its process. */
export interface EngineWorld {
  readonly name: string;
  /** Whether the process still lives. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  position(shard: ShardRef): Promise<Position | undefined>;
  /** Rejects when it is not known whether the batch landed. */
  apply(batch: Unsigned<Batch>): Promise<'applied' | 'refused'>;
  /** Brings the structure in line; the names of collections that the target has too many. */
  shape(shards: readonly ShardRef[], drop: readonly string[]): Promise<readonly string[]>;
  /** Asks the worker of the source that holds the channel; undefined: it holds it no more. */
  fetch(channel: string, incoming: Incoming, signal: AbortSignal): Promise<Fetched>;
}

/** As the engines make it; its process adds who writes, and its token. */
export type Unsigned<T> = Omit<T, 'tokenUntilMs' | 'writer'>;

export type Incoming = NonNullable<WorkerInstructions['incoming']>;

export interface Fetched {
  readonly sourceDeployment: string;
  /** Of a shard's channel: all writes that the source has, and the end of its log when it looked. */
  readonly writes?: readonly number[];
  readonly logTick?: number;
  /** Of the inventory's channel. */
  readonly shards?: readonly ShardRef[];
}

/** What a source's worker reads on its own deployment. */
export interface SourceData {
  readonly deploymentId: string;
  readonly logTick: number;
  writesOf(shard: ShardRef): readonly number[];
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
    return { sourceDeployment, writes: [...this.#data.writesOf(task.shard)], logTick: this.#data.logTick };
  }

  reports(): readonly ShardReport[] {
    return [...this.tasks.values()].flatMap((task) =>
      task.shard === undefined ? [] : [reportOf(task, task.shard, { status: 'running', way: 'tail' })],
    );
  }

  async stop(): Promise<void> {
    this.tasks.clear();
  }
}

interface Running {
  readonly task: WorkerTask;
  /** What the shard is to be compared for, once (S4). */
  suspicion?: number | undefined;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  report?: ShardReport;
}

export class TargetModel implements TargetRole {
  readonly running = new Map<string, Running>();
  #incoming: Incoming | undefined;
  #term: number | undefined;
  #stopped = false;
  readonly #world: EngineWorld;
  readonly #structure: (report: StructureReport) => Promise<void>;

  constructor(world: EngineWorld, structure: (report: StructureReport) => Promise<void>) {
    this.#world = world;
    this.#structure = structure;
  }

  async setInstructions({ term, incoming, tasks }: WorkerInstructions): Promise<void> {
    this.#term = term;
    this.#incoming = incoming;
    const wanted = new Map(tasks.map((task) => [task.id, task]));
    const leaving = [...this.running.values()].filter(({ task }) => !wanted.has(task.id));
    for (const { stop } of leaving) stop.abort();
    if (!this.#stopped) for (const task of wanted.values()) if (!this.running.has(task.id)) this.#start(task);
    for (const running of this.running.values()) running.suspicion = wanted.get(running.task.id)?.suspicion;
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
    let surplus: readonly string[] = [];
    while (!signal.aborted) {
      try {
        const incoming = this.#current();
        const { sourceDeployment, shards = [] } = await this.#world.fetch(task.channels.data, incoming, signal);
        if (signal.aborted) return;
        // Only what was too much in two inventories in a row is dropped (S1).
        surplus = await this.#world.shape(shards, surplus);
        if (signal.aborted) return;
        const report = {
          epoch: incoming.epoch,
          sourceDeployment,
          shards: [...shards],
          problems: [],
          heldDrops: [],
          changes: [],
        };
        // Another leader may not know what the one before was told (S18).
        const text = JSON.stringify([this.#term, report]);
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
    let position: Position | undefined;
    let way: ShardReport['way'] = 'none';
    let settled: ShardReport['settled'];
    this.#report(task, shard, { status: 'initializing', way });
    while (!signal.aborted) {
      try {
        const incoming = this.#current();
        const { epoch } = incoming;
        const suspicion = this.running.get(task.id)?.suspicion;
        const isDoubted = suspicion !== undefined && settled?.suspicion !== suspicion;
        if (isDoubted) position = undefined;
        position ??= await this.#positionOf(shard, epoch, channel);
        if (signal.aborted) return;
        const { writes = [], logTick = 0 } = await this.#world.fetch(channel, incoming, signal);
        if (signal.aborted) return;
        // The log of a source that went back may have other operations at the same ticks (S5).
        const isCopy = position.tick === 0 || writes[position.tick - 1] !== position.witness;
        if (way === 'none' || isCopy) way = isCopy ? 'copy' : 'tail';
        const from: number = isCopy ? 0 : position.tick;
        if (position.isEmpty || isCopy || writes.length > from) {
          const batch = { shard, epoch, channel, from, isCopy, writes: writes.slice(from) };
          position = undefined;
          if ((await this.#applySettled(batch)) === 'applied') {
            position = { epoch, channel, tick: writes.length, witness: writes.at(-1) };
          }
        }
        if (position !== undefined) {
          if (isDoubted) settled = { suspicion, how: isCopy ? 'copied' : 'equal' };
          const told = settled === undefined ? {} : { settled };
          this.#report(task, shard, { status: 'running', way, ...reached(incoming, logTick), ...told });
        }
        await this.#world.sleep(pollMs, signal);
      } catch {
        await this.#world.sleep(retryMs, signal);
      }
    }
  }

  async #positionOf(shard: ShardRef, epoch: string, channel: string): Promise<Position> {
    const known = await this.#world.position(shard);
    const isOurs = known?.epoch === epoch && known.channel === channel;
    return isOurs ? known : { epoch, channel, tick: 0, witness: undefined, isEmpty: true };
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

  #report(task: WorkerTask, shard: ShardRef, how: HowItFares): void {
    const running = this.running.get(task.id);
    if (running !== undefined) running.report = reportOf(task, shard, how);
  }

  #current(): Incoming {
    if (this.#incoming === undefined) throw new Error('there is no incoming synchronization');
    return this.#incoming;
  }
}

type HowItFares = Pick<ShardReport, 'status' | 'way' | 'reachedBarrier' | 'settled'>;

/** All that the source's log held at the barrier is applied. */
function reached({ barrier }: Incoming, logTick: number): Pick<ShardReport, 'reachedBarrier'> {
  const isBehind = barrier?.ticks.every(({ tick }) => logTick >= Number(tick));
  return isBehind ? { reachedBarrier: barrier?.epoch } : {};
}

function reportOf({ id }: WorkerTask, shard: ShardRef, how: HowItFares): ShardReport {
  return {
    taskId: id,
    shard,
    ...how,
    statusMessage: '',
    shardMasterKnown: true,
    reason: '',
    documentsCopied: 0,
    operationsApplied: 0,
    bytesApplied: 0,
  };
}
