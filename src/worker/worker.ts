import type { WorkerInstructions, WorkerRegistration } from '../wire/worker.ts';
import type { Clock } from './clock.ts';
import { ConditionLog } from './condition-log.ts';
import { Doubts } from './doubts.ts';
import { Lease } from './lease.ts';
import type { Logger } from './logger.ts';
import { MasterContact } from './master-contact.ts';
import type { Masters, Roles } from './ports.ts';
import { Tenure } from './tenure.ts';

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
  /** Told of all instructions that are taken, and when they were asked for, by the monotonic clock. */
  readonly onInstructions?: (instructions: WorkerInstructions, askedMs: number) => void;
}

export interface WorkerStatus {
  readonly registered: boolean;
  /** Time left of the lease; 0 while not registered. */
  readonly leaseMs: number;
  readonly term: number | undefined;
  readonly tasks: number;
}

/**
 * A worker: registers, follows the leader's instructions, reports. It has no state of its own: a {@link Tenure} begins with
 * a registration and ends with the lease; then it registers again and begins anew.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #contact: MasterContact;
  readonly #doubts: Doubts;
  #lease: Lease | undefined;
  #tenure: Tenure | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#contact = new MasterContact(options);
    const { clock, log, masters, registration } = options;
    this.#doubts = new Doubts({
      send: (suspected, signal) =>
        masters.report(registration.id, { term: this.#contact.term ?? 0, shards: [], suspected }, signal),
      clock,
      backOff: this.#contact.newBackOff(),
      trouble: new ConditionLog(log, 'telling the masters of writes whose outcome is unknown'),
    });
  }

  get status(): WorkerStatus {
    const leaseMs = this.#lease?.remainingMs ?? 0;
    return { registered: leaseMs > 0, leaseMs, term: this.#contact.term, tasks: this.#tenure?.tasks ?? 0 };
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
      if (lease === undefined) continue;
      this.#lease = lease;
      this.#tenure = this.#tenureWithin(lease);
      await this.#tenure.run(stop, drain);
      this.#lease = undefined;
      this.#tenure = undefined;
    }
    await this.#signOff();
  }

  #tenureWithin(lease: Lease): Tenure {
    const { registration, masters, roles, clock, log, onInstructions } = this.#options;
    return new Tenure({
      workerId: registration.id,
      lease,
      contact: this.#contact,
      doubts: this.#doubts,
      masters,
      roles,
      clock,
      log,
      ...(onInstructions === undefined ? {} : { onInstructions }),
    });
  }

  async #register(signal: AbortSignal): Promise<Lease | undefined> {
    const { masters, registration, clock, log } = this.#options;
    const askedMs = clock.monotonicMs();
    try {
      const { expiresDuration } = await masters.register(registration, signal);
      this.#contact.fine();
      log.info(`registered as worker ${registration.id}`, { lease_ms: expiresDuration / NANOSECONDS_PER_MS });
      return new Lease(clock, expiresDuration / NANOSECONDS_PER_MS, askedMs);
    } catch (error) {
      await this.#contact.failed(error, signal);
      return undefined;
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
}
