import type { WorkerInstructions } from '../wire/worker.ts';
import type { Clock } from './clock.ts';
import { Comparing } from './comparing.ts';
import { ConditionLog } from './condition-log.ts';
import type { Doubts } from './doubts.ts';
import type { Lease } from './lease.ts';
import type { Logger } from './logger.ts';
import { type MasterContact, RETRY_FIRST_MS } from './master-contact.ts';
import { type Masters, type Roles, WorkerUnknown } from './ports.ts';
import { sendReports } from './report-sender.ts';
import { RunningRoles } from './running-roles.ts';

/** Longest wait for news in one request, and its part of the lease when that is shorter. */
const POLL_WAIT_MS_MAX = 20_000;
/**
 * A lease counts from before the poll that renewed it: shortly before the next one is answered, two polls are gone of it. What
 * is left when a leader is killed then has to last until the next one leads, also on a slow machine: else every fail-over
 * would stop all that this worker does.
 */
const POLL_PART_OF_LEASE = 1 / 6;

export interface TenureOptions {
  readonly workerId: string;
  readonly lease: Lease;
  readonly contact: MasterContact;
  readonly doubts: Doubts;
  readonly masters: Masters;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of all instructions that are taken, and when they were asked for, by the monotonic clock. */
  readonly onInstructions?: (instructions: WorkerInstructions, askedMs: number) => void;
}

/**
 * What a worker does between a registration and the end of its lease: follows the leader's instructions, reports, compares.
 * With it end its engines, so it writes nothing that the leader may meanwhile have given to another worker (S4, S12).
 */
export class Tenure {
  readonly #options: TenureOptions;
  readonly #over = new AbortController();
  readonly #running: RunningRoles;
  readonly #comparing: Comparing;
  /** Instructions: the version that was taken last, and the one that was followed to its end. */
  readonly #followed: { version: string | undefined; taken: string | undefined } = {
    version: undefined,
    taken: undefined,
  };
  #tasks = 0;

  constructor(options: TenureOptions) {
    this.#options = options;
    const { workerId, contact, doubts, masters, roles, clock, log } = options;
    const { signal } = this.#over;
    this.#running = new RunningRoles(
      roles,
      (report) => contact.sendStructure(report, signal),
      (shard, reason) => doubts.suspect(shard, reason, signal),
    );
    this.#comparing = new Comparing({ workerId, masters, clock, log, running: this.#running, signal });
  }

  get tasks(): number {
    return this.#tasks;
  }

  /**
   * Works until the lease ends, or `stop` fires. On `drain` the leader is told first, and everything goes on until it was
   * handed over. Does not reject.
   */
  async run(stop: AbortSignal, drain: AbortSignal): Promise<void> {
    const { workerId, lease, contact, masters, clock, log } = this.#options;
    const over = this.#over;
    const end = () => over.abort(stop.reason);
    stop.addEventListener('abort', end, { once: true });
    const reporting = sendReports(
      {
        workerId,
        masters,
        clock,
        log,
        reports: () => this.#running.reports(),
        term: () => contact.term,
        onError: this.#onError,
      },
      over.signal,
    );
    const following = this.#followInstructions();
    const draining = this.#drain(drain);
    await lease.ended(over.signal).then(() => over.abort(new Error('the lease has ended')));
    const { reason } = over.signal;
    if (reason instanceof HandedOver) log.info('all tasks are handed over');
    else if (!stop.aborted) log.warn(`stopping all tasks: ${(reason as Error).message}`);
    await this.#running.stop().catch((error) => log.error('an engine did not end well', { error }));
    await Promise.all([reporting, following, draining, this.#comparing.ended()]);
    stop.removeEventListener('abort', end);
  }

  /** A leader that does not know us (any more) ends the tenure. */
  readonly #onError = (error: unknown): void => {
    if (error instanceof WorkerUnknown) this.#over.abort(error);
  };

  async #drain(drain: AbortSignal): Promise<void> {
    const { workerId, contact, log } = this.#options;
    const { signal } = this.#over;
    await fired(drain, signal);
    if (!signal.aborted) log.info('leaving: the leader is asked to give all tasks to others', { tasks: this.#tasks });
    await contact.leave(workerId, this.#onError, signal);
    this.#endIfHandedOver();
  }

  #endIfHandedOver(): void {
    const { version, taken } = this.#followed;
    const isDone = this.#options.contact.isLeaving && this.#tasks === 0 && taken !== undefined && version === taken;
    if (isDone) this.#over.abort(new HandedOver());
  }

  /** Long-polls what to do; each answer of the leader renews the lease. */
  async #followInstructions(): Promise<void> {
    const { workerId, lease, contact, clock, masters, log, onInstructions } = this.#options;
    const { signal } = this.#over;
    const followed = this.#followed;
    const waitMs = Math.min(POLL_WAIT_MS_MAX, lease.durationMs * POLL_PART_OF_LEASE);
    let following: Promise<void> = Promise.resolve();
    const trouble = new ConditionLog(log, 'following the instructions');
    while (!signal.aborted) {
      const askedMs = clock.monotonicMs();
      try {
        const instructions = await masters.instructions(workerId, followed.version, waitMs, signal);
        contact.accept(instructions);
        lease.renew(askedMs);
        contact.fine();
        onInstructions?.(instructions, askedMs);
        this.#comparing.isWanted(instructions.comparing === true);
        if (instructions.unchanged !== true && instructions.version !== followed.taken) {
          following = this.#follow(instructions, trouble);
        }
        // Until they are followed the poll would answer at once; it goes on as a heartbeat.
        if (followed.version !== followed.taken || followed.taken === undefined) await this.#within(following, waitMs);
        if (followed.taken === undefined) await clock.sleep(RETRY_FIRST_MS, signal);
      } catch (error) {
        this.#onError(error);
        await contact.failed(error, signal);
      }
    }
    await following;
  }

  #follow(instructions: WorkerInstructions, trouble: ConditionLog): Promise<void> {
    const followed = this.#followed;
    const { version } = instructions;
    followed.taken = version;
    // From here on what runs is neither the one nor the other: to name the one before would confirm it anew.
    followed.version = undefined;
    this.#tasks = instructions.tasks.length;
    // What the tenure before was in doubt of is in the log before anything is received again (S4).
    const told = this.#options.doubts.deliver(this.#over.signal);
    return told
      .then(() => this.#running.follow(instructions))
      .then(
        () => {
          trouble.fine();
          if (followed.taken === version) followed.version = version;
          this.#endIfHandedOver();
        },
        (error) => {
          if (followed.taken === version) followed.taken = undefined;
          trouble.failed(error);
        },
      );
  }

  async #within(work: Promise<void>, ms: number): Promise<void> {
    const done = new AbortController();
    await Promise.race([work, this.#options.clock.sleep(ms, AbortSignal.any([this.#over.signal, done.signal]))]);
    done.abort();
  }
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
