import type {
  ComparisonReport,
  ComparisonRequest,
  ComparisonResult,
  Comparisons,
} from '../../../src/wire/comparisons.ts';
import type {
  StructureReport,
  WorkerConfiguration,
  WorkerInstructions,
  WorkerRegistered,
  WorkerRegistration,
  WorkerReport,
} from '../../../src/wire/worker.ts';
import type { Clock } from '../../../src/worker/clock.ts';
import { type Masters, WorkerUnknown } from '../../../src/worker/ports.ts';

export const LEASE_MS = 15_000;

/** The masters of a datacenter as a worker sees them, in memory: told what to say, they remember what they were told. */
export class FakeMasters implements Masters {
  readonly registrations: WorkerRegistration[] = [];
  readonly reports: WorkerReport[] = [];
  readonly structures: StructureReport[] = [];
  readonly asked: (string | undefined)[] = [];
  /** Shards that are to be compared, and what came of it. */
  wanted: ComparisonRequest[] = [];
  readonly compared: ComparisonResult[] = [];
  deregistered = 0;
  drains = 0;
  /** What the leader does when it is told that the worker is about to end. */
  onDrain: () => void = () => undefined;
  /** Set: no call is answered. */
  away: Error | undefined;
  #instructions: WorkerInstructions;
  #known = false;
  #changed = Promise.withResolvers<void>();
  readonly #clock: Clock;

  constructor(clock: Clock, instructions: WorkerInstructions) {
    this.#clock = clock;
    this.#instructions = instructions;
  }

  /** New instructions; polls that wait are answered. */
  instruct(instructions: WorkerInstructions): void {
    this.#instructions = instructions;
    this.#announce();
  }

  /** As a leader does when a lease ended: the worker is not known any more. */
  forgetWorker(): void {
    this.#known = false;
    this.#announce();
  }

  async configure(): Promise<WorkerConfiguration> {
    throw new Error('not asked in these tests');
  }

  async register(registration: WorkerRegistration): Promise<WorkerRegistered> {
    if (this.away) throw this.away;
    this.#known = true;
    this.registrations.push(registration);
    return {
      id: registration.id ?? '',
      endpoint: registration.endpoint,
      expiresAt: '2026-01-01T00:00:00Z',
      serverID: 1,
      messageTimeout: 3_600_000_000_000,
      clusterToken: 'a token',
      expiresDuration: LEASE_MS * 1_000_000,
    };
  }

  async instructions(_id: string, after: string | undefined, waitMs: number, signal: AbortSignal) {
    this.#check();
    this.asked.push(after);
    const endMs = this.#clock.monotonicMs() + waitMs;
    while (this.#instructions.version === after && this.#known && this.#clock.monotonicMs() < endMs) {
      const woken = new AbortController();
      const timeUp = this.#clock.sleep(endMs - this.#clock.monotonicMs(), AbortSignal.any([signal, woken.signal]));
      await Promise.race([this.#changed.promise, timeUp]);
      woken.abort();
      signal.throwIfAborted();
    }
    this.#check();
    const isNews = this.#instructions.version !== after;
    return isNews ? this.#instructions : { ...this.#instructions, tasks: [], unchanged: true };
  }

  async report(_id: string, report: WorkerReport): Promise<void> {
    this.#check();
    this.reports.push(report);
  }

  async structure(report: StructureReport): Promise<void> {
    if (this.away) throw this.away;
    this.structures.push(report);
  }

  async comparisons(_id: string, report: ComparisonReport, waitMs: number, signal: AbortSignal): Promise<Comparisons> {
    this.#check();
    this.compared.push(...report.results);
    const done = new Set(this.compared.map(({ id }) => id));
    const requests = this.wanted.filter(({ id }) => !done.has(id));
    const version = requests.map(({ id }) => id).join();
    if (version === report.after) await this.#clock.sleep(waitMs, signal);
    return { version, requests };
  }

  async drain(): Promise<void> {
    this.#check();
    this.drains += 1;
    this.onDrain();
  }

  async deregister(): Promise<void> {
    if (this.away) throw this.away;
    this.deregistered += 1;
  }

  #check(): void {
    if (this.away) throw this.away;
    if (!this.#known) throw new WorkerUnknown('404 no such worker');
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
