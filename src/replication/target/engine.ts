import type { ComparisonRequest, ComparisonResult } from '../../wire/comparisons.ts';
import { toMilliseconds } from '../../wire/durations.ts';
import type { ShardRef } from '../../wire/shards.ts';
import type { ShardReport, StructureReport, WorkerInstructions, WorkerTask } from '../../wire/worker.ts';
import type { ArangoDeployment } from '../arango.ts';
import { type Environment, TARGET_LIMITS, type TargetLimits } from './environment.ts';
import type { LinkSources } from './link-pool.ts';
import type { ServerLag } from './server-lags.ts';
import { Synchronization } from './synchronization.ts';

export interface TargetEngineOptions extends LinkSources, Environment {
  /** The target, with the superuser JWT. */
  readonly deployment: ArangoDeployment;
  /** Takes what a receive-inventory task found and did; a rejection has it sent again. */
  readonly onStructure: (report: StructureReport) => Promise<void>;
  /** Resolves when it is recorded that an old write to the shard may still land (S4); what rejects is told again by itself. */
  readonly onDoubt: (shard: ShardRef, reason: string) => Promise<void>;
  /** Told about once a second how the received shards stand to the source's logs. */
  readonly onLag?: (lags: readonly ServerLag[]) => void;
  readonly limits?: Partial<TargetLimits>;
}

type Incoming = NonNullable<WorkerInstructions['incoming']>;
type Instructions = Pick<WorkerInstructions, 'incoming' | 'tasks' | 'messageTimeout' | 'throttle'> & {
  readonly term?: number;
};

/**
 * The target side of a worker: does what the leader's instructions list, and nothing else. Another epoch or another
 * source begins from nothing: no position of before is valid under it (S3).
 */
export class TargetEngine {
  readonly #options: TargetEngineOptions;
  readonly #limits: TargetLimits;
  #running: { readonly name: string; readonly synchronization: Synchronization } | undefined;
  /** Instructions take effect one after the other. */
  #change: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: TargetEngineOptions) {
    this.#options = options;
    this.#limits = { ...TARGET_LIMITS, ...options.limits };
  }

  /** Starts what is listed and not running, stops what is running and not listed. Resolves when that is done. */
  setInstructions(instructions: Instructions): Promise<void> {
    const change = this.#change.then(() => (this.#stopped ? undefined : this.#apply(instructions)));
    this.#change = change.catch(() => undefined);
    return change;
  }

  /** How every shard fares that this worker receives. */
  reports(): readonly ShardReport[] {
    return this.#running?.synchronization.reports() ?? [];
  }

  /** Shards that are to be held against the source; a shard whose request is not listed is let alone. */
  setComparisons(requests: readonly ComparisonRequest[]): void {
    this.#running?.synchronization.setComparisons(requests);
  }

  /** How the listed comparisons fare. */
  comparisons(): readonly ComparisonResult[] {
    return this.#running?.synchronization.comparisons() ?? [];
  }

  /** Ends everything. What is applied and not yet covered by a checkpoint is stored before, if the target answers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#change;
    await this.#end();
  }

  async #apply({ incoming, tasks, messageTimeout, throttle, term }: Instructions): Promise<void> {
    const name = incoming === undefined ? undefined : nameOf(incoming);
    if (this.#running !== undefined && this.#running.name !== name) await this.#end();
    if (incoming === undefined || name === undefined) return;
    this.#running ??= { name, synchronization: this.#begin(incoming) };
    const wanted = tasks.filter(isReceiving);
    if (messageTimeout !== undefined) {
      this.#running.synchronization.setMessageTimeout(toMilliseconds(messageTimeout));
    }
    this.#running.synchronization.setExcludeRoot(incoming.excludeRootUser === true);
    this.#running.synchronization.setWriteLimit(throttle?.targetWrite ?? {});
    this.#running.synchronization.setBarrier(incoming.barrier);
    this.#running.synchronization.setTerm(term);
    const { selection, selectionVersion, replicationFactor, confirmedDrops } = incoming;
    const rules = { selection, selectionVersion, replicationFactor, confirmedDrops: new Set(confirmedDrops) };
    await this.#running.synchronization.setTasks(wanted, rules);
  }

  #begin({ epoch, sourceDeployment, equalAtStart = false }: Incoming): Synchronization {
    const { deployment, onStructure, onDoubt, onLag, connect, routes, now, sleep, newId, log } = this.#options;
    return new Synchronization({
      epoch,
      sourceDeployment,
      equalAtStart,
      deployment,
      onStructure,
      onDoubt,
      ...(onLag === undefined ? {} : { onLag }),
      sources: { connect, routes },
      environment: { now, sleep, newId, log },
      limits: this.#limits,
    });
  }

  async #end(): Promise<void> {
    const ending = this.#running;
    this.#running = undefined;
    await ending?.synchronization.stop();
  }
}

/** Another name begins from nothing. What was equal at the start is so only for what was selected then. */
function nameOf({ epoch, sourceDeployment, equalAtStart = false }: Incoming): string {
  return JSON.stringify([epoch, sourceDeployment, equalAtStart]);
}

function isReceiving({ type }: WorkerTask): boolean {
  return type === 'receive-shard' || type === 'receive-inventory';
}
