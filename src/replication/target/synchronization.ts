import type { ComparisonRequest, ComparisonResult } from '../../wire/comparisons.ts';
import type { ShardRef } from '../../wire/shards.ts';
import type { ShardReport, StructureReport, WorkerTask } from '../../wire/worker.ts';
import type { ArangoDeployment } from '../arango.ts';
import { ShardLines } from '../shard-lines.ts';
import { type Rate, Throttle } from '../throttle/throttle.ts';
import type { StructureRules } from './align-options.ts';
import { StructureAligner } from './align-structure.ts';
import { CheckpointRounds } from './checkpoint-rounds.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { TargetDirectory } from './directory.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { Gate } from './gate.ts';
import { InventoryReceiver } from './inventory-receiver.ts';
import { LinkPool, type LinkSources } from './link-pool.ts';
import { Openings } from './openings.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import { type ServerLag, serverLags } from './server-lags.ts';
import { ServerWatch } from './server-watch.ts';
import { ShardReceiver } from './shard-receiver.ts';
import type { SourceBarrier } from './source-barrier.ts';
import { FollowedCollections } from './structure-memory.ts';

/** Pause before the checkpoints' collection is asked for again. */
const PREPARE_AGAIN_MS = 1_000;
/** A target that does not answer must not keep a worker from stopping. */
const LAST_ROUND_MS = 5_000;

export interface SynchronizationOptions {
  readonly epoch: string;
  readonly sourceDeployment: string;
  readonly equalAtStart: boolean;
  readonly deployment: ArangoDeployment;
  readonly sources: LinkSources;
  readonly onStructure: (report: StructureReport) => Promise<void>;
  readonly onDoubt: (shard: ShardRef, reason: string) => Promise<void>;
  /** Told about once a second how the shards stand to the source's logs. */
  readonly onLag?: (lags: readonly ServerLag[]) => void;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}

interface Running<Receiver> {
  readonly receiver: Receiver;
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
}

/** One source followed under one epoch: the receivers of its tasks, and what they share. */
export class Synchronization {
  readonly #options: SynchronizationOptions;
  readonly #stopping = new AbortController();
  readonly #tickingEnds = new AbortController();
  readonly #parts: ReceiverParts;
  /** Its own, since an operator may change the message timeout at any time. */
  readonly #limits: { -readonly [Limit in keyof TargetLimits]: TargetLimits[Limit] };
  readonly #aligner: StructureAligner;
  readonly #shards = new Map<string, Running<ShardReceiver>>();
  readonly #inventories = new Map<string, Running<InventoryReceiver>>();
  readonly #prepared: Promise<void>;
  readonly #ticking: Promise<void>;
  readonly #telling: Promise<void>;
  #isPrepared = false;
  #rounds: Promise<void> = Promise.resolve();
  #barrier: SourceBarrier | undefined;
  #rules: StructureRules = { confirmedDrops: new Set() };
  readonly #followed: FollowedCollections;
  #term: number | undefined;
  #excludeRoot = false;

  constructor(options: SynchronizationOptions) {
    this.#options = options;
    const { deployment, environment, epoch, sourceDeployment, equalAtStart, onDoubt } = options;
    const limits = { ...options.limits };
    this.#limits = limits;
    const { signal } = this.#stopping;
    const store = new CheckpointStore(deployment.front);
    const watch = new ServerWatch(deployment, environment.now);
    const followed = new FollowedCollections(store, epoch);
    this.#parts = {
      epoch,
      sourceDeployment,
      equalAtStart,
      deployment,
      directory: new TargetDirectory({ deployment, followed, sourceDeployment, environment, signal }),
      followed,
      store,
      rounds: new CheckpointRounds(store, watch, environment.newId()),
      watch,
      links: new LinkPool(options.sources, environment, limits, signal),
      gate: new Gate(limits.writesInFlight),
      held: { bytes: 0 },
      throttle: new Throttle(environment),
      openings: new Openings(limits, environment),
      onCaughtUp: ({ database, collection }) => this.#aligner.caughtUp(database, collection),
      lines: new ShardLines(environment, signal),
      onDoubt,
      environment,
      limits,
    };
    this.#followed = followed;
    const { rounds } = this.#parts;
    const excludeRoot = () => this.#excludeRoot;
    const structure = { deployment, followed, store, rounds, environment, onDoubt, epoch, sourceDeployment };
    this.#aligner = new StructureAligner({ ...structure, excludeRoot });
    this.#prepared = this.#prepare(signal);
    this.#ticking = this.#tick(this.#tickingEnds.signal);
    this.#telling = this.#tellLags(this.#tickingEnds.signal);
  }

  async setTasks(tasks: readonly WorkerTask[], rules: StructureRules): Promise<void> {
    const wanted = new Set(tasks.map(({ id }) => id));
    // Whoever gets such a shard next goes on where it stands in the database.
    if ([...this.#shards.keys()].some((id) => !wanted.has(id))) await this.#storePositions();
    await Promise.all([endOthers(this.#shards, wanted), endOthers(this.#inventories, wanted)]);
    const changed = isNews(rules, this.#rules);
    this.#rules = rules;
    if (changed) this.#lookAgain();
    // Another worker may have made collections anew, which is why there are new tasks for them.
    for (const database of this.#databasesOfNew(tasks)) this.#parts.directory.forget(database);
    for (const task of tasks) {
      this.#start(task);
      this.#shards.get(task.id)?.receiver.lookInto(task.suspicion);
      this.#shards.get(task.id)?.receiver.lookBehind(this.#barrier);
    }
  }

  #databasesOfNew(tasks: readonly WorkerTask[]): ReadonlySet<string> {
    const fresh = tasks.filter(({ id }) => !this.#shards.has(id));
    return new Set(fresh.flatMap(({ shard }) => (shard === undefined ? [] : [shard.database])));
  }

  /** What is to be held against the source, and nothing else. */
  setComparisons(requests: readonly ComparisonRequest[]): void {
    const byTask = new Map(requests.map((request) => [request.taskId, request]));
    for (const [taskId, { receiver }] of this.#shards) receiver.compare(byTask.get(taskId));
    for (const [taskId, { receiver }] of this.#inventories) receiver.compare(byTask.get(taskId));
  }

  /** How that fares. */
  comparisons(): readonly ComparisonResult[] {
    const receivers = [...this.#shards.values(), ...this.#inventories.values()];
    return receivers.flatMap(({ receiver: { compared } }) => compared ?? []);
  }

  /** How long a shard may be without a message before its stream is opened again; holds for open streams as well. */
  setMessageTimeout(messageTimeoutMs: number): void {
    this.#limits.messageTimeoutMs = messageTimeoutMs;
  }

  /** Whether the target keeps its own `root`; from false to true nothing happens, back its `root` becomes the source's. */
  setExcludeRoot(excludeRoot: boolean): void {
    this.#excludeRoot = excludeRoot;
  }

  /** What may be written to the target from now on, by all shards of this worker. */
  setWriteLimit(rate: Rate): void {
    this.#parts.throttle.setRate(rate);
  }

  /** Another leader may not know what the one before was told of the structure: its log may have gone back (S18). */
  setTerm(term: number | undefined): void {
    if (this.#term !== undefined && term !== this.#term) this.#lookAgain();
    this.#term = term;
  }

  /** Up to where the source's logs have to be applied; undefined while there is no barrier. */
  setBarrier(barrier: SourceBarrier | undefined): void {
    this.#barrier = barrier;
    for (const { receiver } of this.#inventories.values()) receiver.setBarrier(barrier?.epoch);
  }

  reports(): readonly ShardReport[] {
    return [...this.#shards.values()].map(({ receiver }) => receiver.report(this.#barrier));
  }

  /** Stores what is applied, then ends every receiver. */
  async stop(): Promise<void> {
    this.#tickingEnds.abort(new Error('the synchronization is stopped'));
    await Promise.all([this.#ticking, this.#telling]);
    await this.#storePositions();
    this.#stopping.abort(new Error('the synchronization is stopped'));
    const none = new Set<string>();
    await Promise.all([endOthers(this.#shards, none), endOthers(this.#inventories, none)]);
  }

  #lookAgain(): void {
    for (const { receiver } of this.#inventories.values()) receiver.refresh();
  }

  #start(task: WorkerTask): void {
    if (task.type === 'receive-inventory' && !this.#inventories.has(task.id)) {
      const receiver = this.#inventoryReceiver(task);
      receiver.setBarrier(this.#barrier?.epoch);
      this.#inventories.set(task.id, this.#run(receiver));
    }
    if (task.type === 'receive-shard' && task.shard !== undefined && !this.#shards.has(task.id)) {
      this.#shards.set(task.id, this.#run(new ShardReceiver(task, task.shard, this.#parts)));
    }
  }

  #inventoryReceiver(task: WorkerTask): InventoryReceiver {
    const { onStructure, environment, sourceDeployment } = this.#options;
    const limits = this.#limits;
    const { links, directory } = this.#parts;
    const rules = () => this.#rules;
    const aligner = this.#aligner;
    this.#followed.forget();
    const options = { onStructure, environment, limits, sourceDeployment, links, directory, aligner, rules };
    return new InventoryReceiver(task, options);
  }

  #run<Receiver extends { run(signal: AbortSignal): Promise<void> }>(receiver: Receiver): Running<Receiver> {
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.#stopping.signal]);
    return { receiver, stopping, ended: this.#prepared.then(() => receiver.run(signal)) };
  }

  /** The collection of the checkpoints has to be there before anybody reads it; the target may not answer yet. */
  async #prepare(signal: AbortSignal): Promise<void> {
    const { deployment, environment } = this.#options;
    while (!signal.aborted) {
      try {
        const servers = await deployment.dbServers(signal);
        await this.#parts.store.prepare(servers.length, signal);
        this.#isPrepared = true;
        return;
      } catch (error) {
        if (signal.aborted) return;
        environment.log.warn('the collection of the checkpoints could not be made', { error });
        await environment.sleep(PREPARE_AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { environment, limits } = this.#options;
    while (!signal.aborted) {
      await environment.sleep(limits.checkpointEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (!this.#isPrepared) continue;
      const receivers = [...this.#shards.values(), ...this.#inventories.values()];
      for (const { receiver } of receivers) receiver.tick(environment.now());
      await this.#round(signal).catch((error: unknown) => {
        if (!signal.aborted) environment.log.warn('checkpoints could not be stored; they will be', { error });
      });
    }
  }

  /** Apart from the checkpoints: a target that does not answer holds those up. */
  async #tellLags(signal: AbortSignal): Promise<void> {
    const { environment, limits, onLag } = this.#options;
    while (!signal.aborted) {
      onLag?.(serverLags([...this.#shards.values()].map(({ receiver }) => receiver.lag())));
      await environment.sleep(limits.checkpointEveryMs, signal).catch(() => undefined);
    }
    onLag?.([]);
  }

  /** Before receivers end. Without it some operations are applied again, which does no harm. */
  async #storePositions(): Promise<void> {
    if (!this.#isPrepared) return;
    const { log } = this.#options.environment;
    await this.#round(AbortSignal.timeout(LAST_ROUND_MS)).catch((error: unknown) =>
      log.warn('the last checkpoints were not stored: some operations will be applied again', { error }),
    );
  }

  /** One at a time: two that overlap would write each other's floors. */
  #round(signal: AbortSignal): Promise<void> {
    const receivers = () => [...this.#shards.values()].map(({ receiver }) => receiver);
    const round = this.#rounds.then(() => this.#parts.rounds.run(receivers(), signal));
    this.#rounds = round.catch(() => undefined);
    return round;
  }
}

/** Whether the structure has to be looked at again. */
function isNews({ confirmedDrops, ...rules }: StructureRules, { confirmedDrops: known, ...before }: StructureRules) {
  return [...confirmedDrops].some((drop) => !known.has(drop)) || JSON.stringify(rules) !== JSON.stringify(before);
}

async function endOthers<Receiver>(
  running: Map<string, Running<Receiver>>,
  wanted: ReadonlySet<string>,
): Promise<void> {
  const others = [...running].filter(([id]) => !wanted.has(id));
  for (const [id, { stopping }] of others) {
    stopping.abort(new Error('the task is not listed any longer'));
    running.delete(id);
  }
  await Promise.all(others.map(([, { ended }]) => ended));
}
