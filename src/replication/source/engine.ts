import type { ShardReport, WorkerTask } from '../../wire/worker.ts';
import type { ArangoDeployment } from '../arango.ts';
import type { SenderLink } from '../queue.ts';
import { ShardLines } from '../shard-lines.ts';
import { Gate } from '../target/gate.ts';
import { type Rate, Throttle } from '../throttle/throttle.ts';
import { StreamBroken } from './broken.ts';
import type { Environment } from './environment.ts';
import { SOURCE_LIMITS, type SourceLimits } from './limits.ts';
import { LinkSession } from './link-session.ts';
import type { HeldBytes } from './operation-buffer.ts';
import type { SharedReadRoom } from './read-room.ts';
import { RemovalRevisions } from './removal-revisions.ts';
import { ServerDirectory } from './server-directory.ts';
import type { ShardSender } from './shard-sender.ts';
import { StructureWatch } from './structure-watch.ts';
import type { Topology } from './topology.ts';

export interface SourceEngineOptions extends Environment {
  /** The source, with the superuser JWT (a single server: any admin). */
  readonly deployment: ArangoDeployment;
  /** Names this worker to the servers whose logs it reads: the same over its restarts, another for every worker. */
  readonly syncerSeed: string;
  readonly limits?: Partial<SourceLimits>;
}

type SendTask = WorkerTask & { readonly type: 'send-shard' | 'send-inventory' };

/**
 * The source side of a worker: serves the channels of its tasks on every link that a target opens. It holds nothing that
 * a restart could lose: where a shard goes on is the receiver's checkpoint.
 */
export class SourceEngine {
  readonly #environment: Environment;
  readonly #limits: SourceLimits;
  readonly #deployment: ArangoDeployment;
  readonly #servers: ServerDirectory;
  readonly #watch: StructureWatch;
  readonly #openings: Gate;
  readonly #copies: Gate;
  readonly #reads: SharedReadRoom;
  readonly #held: HeldBytes = { bytes: 0 };
  readonly #throttle: Throttle;
  readonly #lines: ShardLines;
  readonly #sessions = new Map<LinkSession, Promise<void>>();
  /** By data channel. */
  #tasks: ReadonlyMap<string, SendTask> = new Map();
  #watching: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  readonly #ended = new AbortController();
  #stopped = false;

  constructor({ deployment, syncerSeed, limits, now, sleep, log }: SourceEngineOptions) {
    this.#environment = { now, sleep, log };
    this.#limits = { ...SOURCE_LIMITS, ...limits };
    this.#deployment = deployment;
    this.#openings = new Gate(this.#limits.openingsAtOnce);
    this.#copies = new Gate(this.#limits.copiesAtOnce);
    const { linkReadBytes: bytesMax, readBytes: bytesInAllMax } = this.#limits;
    this.#reads = { bytesMax, bytesInAllMax, underWay: { bytes: 0, large: 0 }, waiting: new Set() };
    this.#throttle = new Throttle(this.#environment);
    this.#lines = new ShardLines(this.#environment, this.#ended.signal);
    const shared = { deployment, environment: this.#environment, limits: this.#limits };
    const removals = new RemovalRevisions(deployment, this.#environment);
    this.#servers = new ServerDirectory({ ...shared, seed: syncerSeed, removals });
    this.#watch = new StructureWatch(deployment, this.#environment, this.#limits);
    this.#watch.listen((topology) => this.#follow(topology));
  }

  /** Serves a link until it closes. Throws when the engine was stopped. */
  async serve(link: SenderLink): Promise<void> {
    if (this.#stopped) throw new Error('the source side of this worker has stopped');
    const session = new LinkSession({
      link,
      deploymentId: this.#deployment.id,
      front: this.#deployment.front,
      taskOf: (channel) => this.#tasks.get(channel),
      servers: this.#servers,
      watch: this.#watch,
      openings: this.#openings,
      copies: this.#copies,
      reads: this.#reads,
      held: this.#held,
      throttle: this.#throttle,
      lines: this.#lines,
      environment: this.#environment,
      limits: this.#limits,
      onOpen: (channel, opener) => this.#endElsewhere(channel, opener),
    });
    const running = session.run();
    this.#sessions.set(session, running);
    try {
      await running;
    } finally {
      this.#sessions.delete(session);
    }
  }

  /** What may be read from the source from now on, by all that this worker sends. */
  setReadLimit(rate: Rate): void {
    this.#throttle.setRate(rate);
  }

  /** The whole list; other kinds of tasks are ignored. Resolves when what is no longer listed has stopped. */
  async setTasks(tasks: readonly WorkerTask[]): Promise<void> {
    if (this.#stopped) return;
    const before = this.#tasks;
    this.#tasks = new Map(tasks.filter(isSending).map((task) => [task.channels.data, task]));
    const ended = [...before].filter(([channel, task]) => !isSame(this.#tasks.get(channel), task));
    if (this.#tasks.size > 0) this.#watchOn();
    await Promise.all(ended.flatMap(([channel]) => this.#end(channel)));
    if (this.#tasks.size === 0) await this.#watchOff();
  }

  /** How every shard fares that this worker sends. */
  reports(): readonly ShardReport[] {
    return [...this.#tasks.values()].flatMap((task) => {
      if (task.shard === undefined) return [];
      return [this.#sender(task.channels.data)?.report() ?? this.#unopened(task, task.shard)];
    });
  }

  /** Ends all streams; the links stay their owners'. */
  async stop(): Promise<void> {
    await this.setTasks([]);
    this.#stopped = true;
    await this.#servers.stop();
    this.#ended.abort(new Error('the source side of this worker has stopped'));
  }

  #sender(channel: string): ShardSender | undefined {
    for (const session of this.#sessions.keys()) {
      const sender = session.sender(channel);
      if (sender !== undefined) return sender;
    }
    return undefined;
  }

  #unopened(task: SendTask, shard: ShardReport['shard']): ShardReport {
    return {
      taskId: task.id,
      shard,
      status: 'inactive',
      statusMessage: 'no target has opened the channel',
      shardMasterKnown: this.#watch.latest?.place(shard)?.leader !== undefined,
      logKept: { state: 'unknown', message: 'no target reads it: the source keeps it by its own rules' },
      way: 'none',
      reason: '',
      documentsCopied: 0,
      operationsApplied: 0,
      bytesApplied: 0,
    };
  }

  #end(channel: string): Promise<void>[] {
    const reason = new StreamBroken('task-ended', 'this worker has no task for the channel any more', {
      retryAfterMs: 1_000,
    });
    return [...this.#sessions.keys()].map((session) => session.end(channel, reason));
  }

  async #endElsewhere(channel: string, opener: LinkSession): Promise<void> {
    const others = [...this.#sessions.keys()].filter(
      (session) => session !== opener && session.targetId === opener.targetId,
    );
    await Promise.all(others.map((session) => session.end(channel)));
  }

  #follow(topology: Topology): void {
    for (const session of this.#sessions.keys()) session.follow(topology);
  }

  #watchOn(): void {
    if (this.#watching !== undefined) return;
    const stop = new AbortController();
    this.#watching = { stop, done: this.#watch.run(stop.signal) };
  }

  async #watchOff(): Promise<void> {
    const watching = this.#watching;
    this.#watching = undefined;
    watching?.stop.abort(new Error('nothing is sent any more'));
    await watching?.done;
  }
}

function isSending(task: WorkerTask): task is SendTask {
  return task.type === 'send-shard' || task.type === 'send-inventory';
}

function isSame(a: SendTask | undefined, b: SendTask): boolean {
  return (
    a !== undefined && a.id === b.id && a.peerId === b.peerId && JSON.stringify(a.shard) === JSON.stringify(b.shard)
  );
}
