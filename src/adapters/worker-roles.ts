import type { ReceiverLink, SenderLink } from '../replication/queue.ts';
import { Throttle } from '../replication/throttle/throttle.ts';
import type { ComparisonRequest, ComparisonResult } from '../wire/comparisons.ts';
import type { RemoteQueue, StructureReport, WorkerInstructions } from '../wire/worker.ts';
import type { Clock } from '../worker/clock.ts';
import { ConditionLog } from '../worker/condition-log.ts';
import type { Logger } from '../worker/logger.ts';
import type { Roles, SourceRole, TargetRole, TellDoubt } from '../worker/ports.ts';
import type { LinkPacking } from './mq/direct/direct-link.ts';
import { LinkHost } from './mq/direct/link-host.ts';
import { DirectRemoteQueue } from './mq/direct/remote-queue.ts';

/** The sending engine, as the worker sees it. */
export interface SendingEngine extends SourceRole {
  /** A worker of a target opened a link: serve its channels until the link closes. */
  serve(link: SenderLink): void;
}

/** What the receiving engine reaches the world with. */
export interface TargetConnections {
  /** Which worker of the source holds each data channel. Cheap to ask again when nothing changed. */
  routes(): Promise<ReadonlyMap<string, string>>;
  /** Opens a new link to a worker of the source. Rejects when the role stops meanwhile. */
  connect(workerId: string): Promise<ReceiverLink>;
  /** Resolves when the leader has taken the report. */
  structure(report: StructureReport): Promise<void>;
  /** Resolves when the log has that the outcome of writes to a shard is unknown (S4). */
  readonly doubt: TellDoubt;
}

export interface Engines {
  source(): SendingEngine;
  target(connections: TargetConnections): TargetRole;
}

export interface WorkerRoles extends Roles {
  /** The links of the running sending engine. */
  linkHost(): LinkHost | undefined;
}

/** Joins the engines with the direct message queue: links end with the engine that they belong to. */
export function rolesOverDirectQueue(
  engines: Engines,
  clock: Clock,
  log: Logger,
  packing: LinkPacking = 'auto',
): WorkerRoles {
  let host: LinkHost | undefined;
  return {
    linkHost: () => host,
    source: () => {
      const engine = engines.source();
      const sleep = (ms: number, signal: AbortSignal) => clock.sleep(ms, signal);
      const throttle = new Throttle({ now: () => clock.monotonicMs(), sleep });
      const own = new LinkHost({ clock, throttle, onLink: (link) => engine.serve(link) });
      host = own;
      const expiring = own.expireIdle();
      return {
        setTasks: (tasks) => engine.setTasks(tasks),
        setThrottle: (limits) => {
          throttle.setRate(limits.link ?? {});
          engine.setThrottle(limits);
        },
        reports: () => engine.reports(),
        stop: async () => {
          if (host === own) host = undefined;
          own.stop('the source worker stops its tasks');
          await Promise.all([engine.stop(), expiring]);
        },
      };
    },
    target: (structure, doubt) => new ReceivingRole(engines, { structure, doubt }, clock, log, packing),
  };
}

/** A receiving engine with its queue. The queue comes with the first instructions, and learns renewed tokens from later ones. */
class ReceivingRole implements TargetRole {
  readonly #engine: TargetRole;
  readonly #queue: DirectRemoteQueue;
  #incoming: { readonly remote: RemoteQueue } | undefined;
  readonly #stopping = new AbortController();
  #deploymentId = '';

  constructor(
    engines: Engines,
    told: Pick<TargetConnections, 'structure' | 'doubt'>,
    clock: Clock,
    log: Logger,
    packing: LinkPacking,
  ) {
    const trouble = new ConditionLog(log, 'the message queue of the source');
    this.#queue = new DirectRemoteQueue({
      remote: () => this.#remote(),
      clock,
      packing,
      onTrouble: (error) => trouble.failed(error),
    });
    this.#engine = engines.target({
      routes: async () => {
        const routes = await this.#queue.routes(this.#deploymentId, this.#stopping.signal);
        trouble.fine();
        return new Map(Object.entries(routes).map(([channel, { workerId }]) => [channel, workerId]));
      },
      connect: (workerId) => this.#queue.connect(workerId, this.#stopping.signal),
      ...told,
    });
  }

  setInstructions(instructions: WorkerInstructions): void | Promise<void> {
    this.#incoming = instructions.incoming;
    this.#deploymentId = instructions.deploymentId;
    return this.#engine.setInstructions(instructions);
  }

  reports() {
    return this.#engine.reports();
  }

  setComparisons(requests: readonly ComparisonRequest[]): void {
    this.#engine.setComparisons(requests);
  }

  comparisons(): readonly ComparisonResult[] {
    return this.#engine.comparisons();
  }

  /** The engine first, so that it sees its links end by its own doing. What it still waits for is called off. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('this worker stops receiving'));
    try {
      await this.#engine.stop();
    } finally {
      await this.#queue.stop();
    }
  }

  #remote(): RemoteQueue {
    if (this.#incoming === undefined) throw new Error('the source is not known before the first instructions');
    return this.#incoming.remote;
  }
}
