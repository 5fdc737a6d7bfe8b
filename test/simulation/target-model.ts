import type { ShardRef } from '../../src/events/types/parts.ts';
import type { ComparisonRequest, ComparisonResult } from '../../src/wire/comparisons.ts';
import type { ShardReport, StructureReport, WorkerInstructions, WorkerTask } from '../../src/wire/worker.ts';
import type { TargetRole } from '../../src/worker/ports.ts';
import { type EngineWorld, type HowItFares, type Incoming, reportOf, requestLifeMs } from './engine-world.ts';
import type { Batch, Position } from './target-data.ts';

const pollMs = 700;
const retryMs = 400;
const inventoryMs = 2_000;

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
  /** What is to be compared, and what came of it, by task. */
  #requests = new Map<string, ComparisonRequest>();
  readonly #compared = new Map<string, ComparisonResult>();
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

  setComparisons(requests: readonly ComparisonRequest[]): void {
    this.#requests = new Map(requests.map((request) => [request.taskId, request]));
    for (const [taskId, { id }] of this.#compared) {
      if (this.#requests.get(taskId)?.id !== id) this.#compared.delete(taskId);
    }
  }

  comparisons(): readonly ComparisonResult[] {
    return [...this.#compared.values()];
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
          ...(incoming.barrier === undefined ? {} : { reachedBarrier: incoming.barrier.epoch }),
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
        if (position !== undefined) await this.#compare(task, { shard, epoch, channel }, position, writes);
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

  /** Both sides are exactly as far. */
  async #compare(
    { id: taskId }: WorkerTask,
    where: Pick<Batch, 'shard' | 'epoch' | 'channel'>,
    { tick }: Position,
    writes: readonly number[],
  ): Promise<void> {
    const request = this.#requests.get(taskId);
    if (request === undefined || this.#compared.get(taskId)?.id === request.id || tick !== writes.length) return;
    const held = await this.#world.contents(where.shard);
    const tell = (result: Omit<ComparisonResult, 'id' | 'taskId'>) =>
      this.#compared.set(taskId, { id: request.id, taskId, ...result });
    const counts = { source: writes.length, target: held.length };
    if (held.join() === writes.join()) tell({ state: 'equal', counts });
    else if (!request.repair) tell({ state: 'different', counts });
    else if ((await this.#applySettled({ ...where, from: 0, isCopy: true, writes })) === 'applied') {
      const repaired = { way: 'copy', documentsFetched: writes.length, documentsRemoved: 0 } as const;
      tell({ state: 'equal', counts, repaired });
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

/** All that the source's log held at the barrier is applied. */
function reached({ barrier }: Incoming, logTick: number): Pick<ShardReport, 'reachedBarrier'> {
  const isBehind = barrier?.ticks.every(({ tick }) => logTick >= Number(tick));
  return isBehind ? { reachedBarrier: barrier?.epoch } : {};
}
