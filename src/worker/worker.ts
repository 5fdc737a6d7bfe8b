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
/** Longest wait for news in one request, and its part of the lease when that is shorter. */
const POLL_WAIT_MS_MAX = 20_000;
/**
 * A lease counts from before the poll that renewed it: shortly before the next one is answered, two polls are gone of it. What
 * is left when a leader is killed then has to last until the next one leads, also on a slow machine: else every fail-over
 * would stop all that this worker does.
 */
const POLL_PART_OF_LEASE = 1 / 6;
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
  /** Told of all instructions that are taken. */
  readonly onInstructions?: (instructions: WorkerInstructions) => void;
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
  /** The leader knows that we are about to end, and gives us nothing any more. */
  #isLeaving = false;

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

  /**
   * Works until one of the signals fires, then signs off. On `drain` the leader is told first, and the tenure goes on
   * until everything that it takes away was let go, each shard's position stored; on `stop` the engines are stopped in
   * order at once. Does not reject.
   */
  async run(stop: AbortSignal, drain: AbortSignal = stop): Promise<void> {
    const either = AbortSignal.any([stop, drain]);
    while (!either.aborted) {
      const lease = await this.#register(either);
      if (lease !== undefined) await this.#tenure(lease, stop, drain);
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

  async #tenure(lease: Lease, stop: AbortSignal, drain: AbortSignal): Promise<void> {
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
    const handedOver = () => over.abort(new HandedOver());
    const followed: Followed = { version: undefined, taken: undefined };
    const following = this.#followInstructions(lease, running, unknown, followed, handedOver, over.signal);
    const draining = this.#drain(drain, unknown, over.signal).then(() => {
      if (this.#hasHandedOver(followed)) handedOver();
    });
    const expiring = lease.ended(over.signal).then(() => over.abort(new Error('the lease has ended')));
    await expiring;
    const { reason } = over.signal;
    if (reason instanceof HandedOver) log.info('all tasks are handed over');
    else if (!stop.aborted) log.warn(`stopping all tasks: ${(reason as Error).message}`);
    await running.stop().catch((error) => log.error('an engine did not end well', { error }));
    await Promise.all([reporting, following, draining]);
    stop.removeEventListener('abort', end);
    this.#lease = undefined;
    this.#tasks = 0;
  }

  /** Waits for `drain`, then tells the leader, however often it must be tried. */
  async #drain(drain: AbortSignal, onError: (error: unknown) => void, signal: AbortSignal): Promise<void> {
    const { masters, registration, clock, log, random } = this.#options;
    const backOff = new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS, random);
    await fired(drain, signal);
    if (!signal.aborted) log.info('leaving: the leader is asked to give all tasks to others', { tasks: this.#tasks });
    while (!signal.aborted && !this.#isLeaving) {
      try {
        await masters.drain(registration.id, signal);
        this.#isLeaving = true;
      } catch (error) {
        onError(error);
        if (signal.aborted) return;
        this.#trouble.failed(error);
        await clock.sleep(backOff.next(), signal);
      }
    }
  }

  #hasHandedOver({ version, taken }: Followed): boolean {
    return this.#isLeaving && this.#tasks === 0 && taken !== undefined && version === taken;
  }

  /** Long-polls what to do; each answer of the leader renews the lease. */
  async #followInstructions(
    lease: Lease,
    running: RunningRoles,
    onError: (error: unknown) => void,
    followed: Followed,
    onHandedOver: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, masters, registration } = this.#options;
    const waitMs = Math.min(POLL_WAIT_MS_MAX, lease.durationMs * POLL_PART_OF_LEASE);
    let following: Promise<void> = Promise.resolve();
    const trouble = new ConditionLog(this.#options.log, 'following the instructions');
    while (!signal.aborted) {
      const askedMs = clock.monotonicMs();
      try {
        const instructions = await masters.instructions(registration.id, followed.version, waitMs, signal);
        if (!this.#acceptTerm(instructions)) throw new Error(deposed(instructions, this.#term));
        lease.renew(askedMs);
        this.#fine();
        this.#options.onInstructions?.(instructions);
        if (instructions.unchanged !== true && instructions.version !== followed.taken) {
          const { version } = instructions;
          followed.taken = version;
          // From here on what runs is neither the one nor the other: to name the one before would confirm it anew.
          followed.version = undefined;
          this.#tasks = instructions.tasks.length;
          // What the tenure before was in doubt of is in the log before anything is received again (S4).
          const told = this.#doubts.deliver(signal);
          following = told
            .then(() => running.follow(instructions))
            .then(
              () => {
                trouble.fine();
                if (followed.taken === version) followed.version = version;
                if (this.#hasHandedOver(followed)) onHandedOver();
              },
              (error) => {
                if (followed.taken === version) followed.taken = undefined;
                trouble.failed(error);
              },
            );
        }
        // Until they are followed the poll would answer at once; it goes on as a heartbeat.
        if (followed.version !== followed.taken || followed.taken === undefined)
          await this.#within(following, waitMs, signal);
        if (followed.taken === undefined) await clock.sleep(RETRY_FIRST_MS, signal);
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

/** Instructions of one tenure: the version that was taken last, and the one that was followed to its end. */
interface Followed {
  version: string | undefined;
  taken: string | undefined;
}

/** The end of a tenure in which everything was given back in order. */
class HandedOver extends Error {
  override readonly name = 'HandedOver';
}

/** Resolves when the first signal fires, or the second. */
function fired(signal: AbortSignal, until: AbortSignal): Promise<void> {
  const either = AbortSignal.any([signal, until]);
  if (either.aborted) return Promise.resolve();
  return new Promise((resolve) => either.addEventListener('abort', () => resolve(), { once: true }));
}

function deposed({ term }: WorkerInstructions, seen: number | undefined): string {
  return `instructions of term ${term} are refused: a leader of term ${seen ?? 0} was seen before`;
}
