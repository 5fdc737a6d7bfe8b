import type { Suspect } from '../../domain/suspects/state.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { WorkerInstructions } from '../../wire/worker.ts';
import type { Core } from '../reconcile/core.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import type { TargetModeReconciler } from '../reconcile/target-mode.ts';
import { type TaskList, TaskLists } from '../task-lists.ts';
import type { WorkerAuthority } from '../worker-authority.ts';
import { configurationVersion } from '../worker-configuration.ts';
import { instructionsFor } from '../worker-instructions.ts';
import type { WorkerLending } from '../worker-lending.ts';

/** The longest that a request for instructions is held. */
const holdMsMax = 60_000;

/** What each worker is to do now. */
export class InstructionService {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #mode: TargetModeReconciler;
  readonly #authority: WorkerAuthority;
  readonly #lending: WorkerLending;
  readonly #taskLists = new TaskLists();

  constructor(
    core: Core,
    link: SourceLink,
    mode: TargetModeReconciler,
    authority: WorkerAuthority,
    lending: WorkerLending,
  ) {
    this.#core = core;
    this.#link = link;
    this.#mode = mode;
    this.#authority = authority;
    this.#lending = lending;
  }

  /**
   * Instructions once they differ from those of version `after`, or the same again after `waitMs`. The poll is the
   * worker's heartbeat, and confirms the version it names. 404: the worker has expired and must register again.
   */
  async next(
    workerId: string,
    after: string | undefined,
    waitMs: number,
    signal: AbortSignal,
    keys: readonly string[] = [],
  ): Promise<WorkerInstructions> {
    const { control, desk, memory, ports, settings } = this.#core;
    desk.assertLeads();
    this.#lending.enterTerm();
    if (control.state.workers.byId.has(workerId)) memory.workerKeys.set(workerId, keys);
    // Held shorter than the lease, so that a worker which waits for news is not taken for a dead one.
    const endMs = ports.clock.monotonicMs() + Math.min(waitMs, holdMsMax, settings.times.workerLeaseMs / 3);
    // A task that is free now can be given to another worker, or was the last that a cancellation waited for.
    if (after !== undefined && memory.ledger.confirmed(workerId, after)) control.touch();
    for (;;) {
      desk.assertLeads();
      this.#lending.enterTerm();
      if (!control.state.workers.byId.has(workerId)) throw new ApiError(404, `worker ${workerId} is not registered`);
      memory.workers.heard(workerId, ports.clock.monotonicMs());
      const leftMs = endMs - ports.clock.monotonicMs();
      const instructions = this.#instructionsNow(workerId);
      if (instructions === undefined) {
        if (leftMs <= 0) throw new ApiError(503, 'this master has just taken over and is still looking; try again');
      } else if (instructions.version !== after || leftMs <= 0) {
        const taskIds = instructions.tasks.map(({ id }) => id);
        memory.ledger.sent(workerId, instructions.version, taskIds);
        const isNews = instructions.version !== after;
        if (isNews) memory.received.told(instructions.tasks);
        // A heartbeat: with thousands of tasks the list would be most of what a leader does at rest.
        const news = isNews ? instructions : { ...instructions, tasks: [], unchanged: true };
        const answer = { ...news, ...(await this.#token(workerId, signal)) };
        await this.#lending.untilMayLend(signal);
        return answer;
      }
      await control.waitForChange(leftMs, signal);
      signal.throwIfAborted();
    }
  }

  /** Without the servers' time the worker goes on with the token that it has; that ends with its lease. */
  async #token(workerId: string, signal: AbortSignal): Promise<{ readonly clusterToken?: string }> {
    const { desk, ports } = this.#core;
    try {
      const clusterToken = await this.#lending.token(signal);
      // Who has lost the leadership meanwhile may not lend anything any more (S12).
      desk.assertLeads();
      return { clusterToken };
    } catch (error) {
      signal.throwIfAborted();
      desk.assertLeads();
      ports.logger.warn(`worker ${workerId} gets no new token for the database`, { error });
      return {};
    }
  }

  /** Undefined while a new leader does not know yet what stands: it must not take tasks from workers by ignorance. */
  #instructionsNow(workerId: string): WorkerInstructions | undefined {
    const { control, ports } = this.#core;
    const { phase, configuration, identity } = control.state.synchronization;
    const remote = this.#link.remote();
    const told = this.#told();
    if (phase !== 'active' || configuration === null || identity === null) {
      return instructionsFor(this.#of(workerId), control.state, ports.deployment.id, undefined, { told });
    }
    const sight = this.#mode.sight(configuration.epoch);
    if (sight === 'not looked yet') return undefined;
    // Without a token nobody can receive, and the contact that brings it has not failed yet either.
    if (remote === undefined && this.#link.trouble === undefined) return undefined;
    const mayReceive = sight === 'read-only';
    const { barrier } = this.#link;
    const isQuiet = (suspect: Suspect) => this.#core.quiet.leftMs(suspect) === 0;
    const from = mayReceive ? remote : undefined;
    return instructionsFor(this.#of(workerId), control.state, ports.deployment.id, from, { barrier, isQuiet, told });
  }

  #of(workerId: string): TaskList {
    return this.#taskLists.of(workerId, this.#core.control.state.tasks);
  }

  #told(): Pick<WorkerInstructions, 'configuration' | 'keyInUse' | 'comparing'> {
    const { control, memory, ports, settings } = this.#core;
    const { cluster } = settings;
    const keyInUse = ports.rotation?.keyIdOf(control.head.hash);
    return {
      configuration: configurationVersion({ cluster, clientCa: settings.clientCa?.() }, this.#authority.issuing),
      ...(keyInUse === undefined ? {} : { keyInUse }),
      ...(memory.comparisons.isOpen ? { comparing: true } : {}),
    };
  }
}
