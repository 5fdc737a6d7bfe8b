import type { StructureReport, WorkerInstructions, WorkerRegistration } from '../wire/worker.ts';
import { BackOff } from './back-off.ts';
import type { Clock } from './clock.ts';
import { ConditionLog } from './condition-log.ts';
import { Doubts } from './doubts.ts';
import { Lease } from './lease.ts';
import type { Logger } from './logger.ts';
import { MasterRefused, type Masters, type Roles, WorkerUnknown } from './ports.ts';
import { sendReports } from './report-sender.ts';
import { RunningRoles } from './running-roles.ts';

/** Pause after a failed call to the masters: first and longest; short beside a lease, so that a new leader finds us in it. */
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 1_000;
/** Longest wait for news in one request; a third of the lease when that is shorter. */
const POLL_WAIT_MS_MAX = 20_000;
/** Signing off is a courtesy: without it the lease ends. */
const DEREGISTER_MS_MAX = 3_000;
/** Doubts that cannot be told in this time at the end are left to the leader, who counts the hand-over as unclean. */
const LAST_DOUBTS_MS_MAX = 3_000;
const NANOSECONDS_PER_MS = 1_000_000;

export interface WorkerOptions {
  readonly registration: WorkerRegistration & { readonly id: string };
  readonly masters: Masters;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

export interface WorkerStatus {
  readonly registered: boolean;
  /** Time left of the lease; 0 while not registered. */
  readonly leaseMs: number;
  readonly term: number | undefined;
  readonly tasks: number;
}

/**
 * A worker: registers, follows the leader's instructions, reports. It has no state of its own: a *tenure* begins with a
 * registration and ends with the lease, and with it end its engines. So it writes nothing that the leader may meanwhile
 * have given to another worker (S4, S12); then it registers again and begins anew.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #trouble: ConditionLog;
  readonly #backOff: BackOff;
  readonly #doubts: Doubts;
  /** Outlives tenures: a leader that was deposed stays so. */
  #term: number | undefined;
  #lease: Lease | undefined;
  #tasks = 0;
  #structureReports = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#trouble = new ConditionLog(options.log, 'the masters');
    this.#backOff = new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS, options.random);
    const { clock, log, masters, registration } = options;
    this.#doubts = new Doubts({
      send: (suspected, signal) =>
        masters.report(registration.id, { term: this.#term ?? 0, shards: [], suspected }, signal),
      clock,
      backOff: new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS, options.random),
      trouble: new ConditionLog(log, 'telling the masters of writes whose outcome is unknown'),
    });
  }

  get status(): WorkerStatus {
    const leaseMs = this.#lease?.remainingMs ?? 0;
    return { registered: leaseMs > 0, leaseMs, term: this.#term, tasks: this.#tasks };
  }

  /** Works until the signal fires; then stops its engines in order and signs off. Does not reject. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const lease = await this.#register(signal);
      if (lease !== undefined) await this.#tenure(lease, signal);
    }
    await this.#signOff();
  }

  async #register(signal: AbortSignal): Promise<Lease | undefined> {
    const { masters, registration, clock, log } = this.#options;
    const askedMs = clock.monotonicMs();
    try {
      const { expiresDuration } = await masters.register(registration, signal);
      this.#fine();
      log.info(`registered as worker ${registration.id}`, { lease_ms: expiresDuration / NANOSECONDS_PER_MS });
      return new Lease(clock, expiresDuration / NANOSECONDS_PER_MS, askedMs);
    } catch (error) {
      await this.#failed(error, signal);
      return undefined;
    }
  }

  async #tenure(lease: Lease, stop: AbortSignal): Promise<void> {
    const { clock, log, masters, registration, roles } = this.#options;
    const over = new AbortController();
    const end = () => over.abort(stop.reason);
    stop.addEventListener('abort', end, { once: true });
    const running = new RunningRoles(
      roles,
      (report) => this.#sendStructure(report, over.signal),
      (shard, reason) => this.#doubts.suspect(shard, reason, over.signal),
    );
    this.#lease = lease;
    const unknown = (error: unknown) => {
      if (error instanceof WorkerUnknown) over.abort(error);
    };
    const reporting = sendReports(
      {
        workerId: registration.id,
        masters,
        clock,
        log,
        reports: () => running.reports(),
        term: () => this.#term,
        onError: unknown,
      },
      over.signal,
    );
    const following = this.#followInstructions(lease, running, unknown, over.signal);
    const expiring = lease.ended(over.signal).then(() => over.abort(new Error('the lease has ended')));
    await expiring;
    if (!stop.aborted) log.warn(`stopping all tasks: ${(over.signal.reason as Error).message}`);
    await running.stop().catch((error) => log.error('an engine did not end well', { error }));
    await Promise.all([reporting, following]);
    stop.removeEventListener('abort', end);
    this.#lease = undefined;
    this.#tasks = 0;
  }

  /** Long-polls what to do; each answer of the leader renews the lease. */
  async #followInstructions(
    lease: Lease,
    running: RunningRoles,
    onError: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, masters, registration } = this.#options;
    const waitMs = Math.min(POLL_WAIT_MS_MAX, lease.durationMs / 3);
    let followed: string | undefined;
    let taken: string | undefined;
    let following: Promise<void> = Promise.resolve();
    const trouble = new ConditionLog(this.#options.log, 'following the instructions');
    while (!signal.aborted) {
      const askedMs = clock.monotonicMs();
      try {
        const instructions = await masters.instructions(registration.id, followed, waitMs, signal);
        if (!this.#acceptTerm(instructions)) throw new Error(deposed(instructions, this.#term));
        lease.renew(askedMs);
        this.#fine();
        if (instructions.unchanged !== true && instructions.version !== taken) {
          const { version } = instructions;
          taken = version;
          // From here on what runs is neither the one nor the other: to name the one before would confirm it anew.
          followed = undefined;
          this.#tasks = instructions.tasks.length;
          // What the tenure before was in doubt of is in the log before anything is received again (S4).
          const told = this.#doubts.deliver(signal);
          following = told
            .then(() => running.follow(instructions))
            .then(
              () => {
                trouble.fine();
                if (taken === version) followed = version;
              },
              (error) => {
                if (taken === version) taken = undefined;
                trouble.failed(error);
              },
            );
        }
        // Until they are followed the poll would answer at once; it goes on as a heartbeat.
        if (followed !== taken || taken === undefined) await this.#within(following, waitMs, signal);
        if (taken === undefined) await clock.sleep(RETRY_FIRST_MS, signal);
      } catch (error) {
        onError(error);
        await this.#failed(error, signal);
      }
    }
    await following;
  }

  async #within(work: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    await Promise.race([work, this.#options.clock.sleep(ms, AbortSignal.any([signal, done.signal]))]);
    done.abort();
  }

  #acceptTerm({ term }: WorkerInstructions): boolean {
    if (this.#term !== undefined && term < this.#term) return false;
    this.#term = term;
    return true;
  }

  /** Brings a structure report to the leader, however often it must be tried. Rejects when it is refused, or at the tenure's end. */
  async #sendStructure(report: StructureReport, signal: AbortSignal): Promise<void> {
    const backOff = new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS, this.#options.random);
    this.#structureReports += 1;
    const sequence = this.#structureReports;
    for (;;) {
      signal.throwIfAborted();
      try {
        const term = this.#term === undefined ? {} : { term: this.#term };
        return await this.#options.masters.structure({ ...report, ...term, sequence }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof MasterRefused) throw error;
        this.#trouble.failed(error);
        await this.#options.clock.sleep(backOff.next(), signal);
      }
    }
  }

  /** Only with nothing in doubt: whoever signs off says that all of its writes are done with (S4). */
  async #signOff(): Promise<void> {
    const { masters, registration, log } = this.#options;
    try {
      await this.#doubts.deliver(AbortSignal.timeout(LAST_DOUBTS_MS_MAX));
      await masters.deregister(registration.id, AbortSignal.timeout(DEREGISTER_MS_MAX));
      log.info('signed off');
    } catch (error) {
      log.info('could not sign off; the lease will end by itself', { error });
    }
  }

  #fine(): void {
    this.#trouble.fine();
    this.#backOff.reset();
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#trouble.failed(error);
    await this.#options.clock.sleep(this.#backOff.next(), signal);
  }
}

function deposed({ term }: WorkerInstructions, seen: number | undefined): string {
  return `instructions of term ${term} are refused: a leader of term ${seen ?? 0} was seen before`;
}
