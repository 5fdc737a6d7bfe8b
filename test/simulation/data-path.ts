import type { ShardReport, StructureReport, WorkerTask } from '../../src/wire/worker.ts';
import type { Roles, SourceRole, TargetRole } from '../../src/worker/ports.ts';
import { type EngineWorld, type Fetched, reportOf, type SourceData } from './engine-world.ts';
import { TargetModel } from './target-model.ts';

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

  /** The model moves no bytes. */
  setThrottle(): void {}

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
