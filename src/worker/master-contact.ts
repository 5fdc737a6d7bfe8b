import type { StructureReport, WorkerInstructions } from '../wire/worker.ts';
import { BackOff } from './back-off.ts';
import type { Clock } from './clock.ts';
import { ConditionLog } from './condition-log.ts';
import type { Logger } from './logger.ts';
import { MasterRefused, type Masters } from './ports.ts';

/** Pause after a failed call to the masters: first and longest; short beside a lease, so that a new leader finds us in it. */
export const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 1_000;

export interface MasterContactOptions {
  readonly masters: Pick<Masters, 'drain' | 'structure'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

/** How a worker stands to its masters; it outlives tenures: a leader that was deposed stays so. */
export class MasterContact {
  readonly #options: MasterContactOptions;
  readonly #trouble: ConditionLog;
  readonly #backOff: BackOff;
  #term: number | undefined;
  #structureReports = 0;
  #isLeaving = false;

  constructor(options: MasterContactOptions) {
    this.#options = options;
    this.#trouble = new ConditionLog(options.log, 'the masters');
    this.#backOff = this.newBackOff();
  }

  /** The highest that was seen. */
  get term(): number | undefined {
    return this.#term;
  }

  /** The leader knows that we are about to end, and gives us nothing any more. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  newBackOff(): BackOff {
    return new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS, this.#options.random);
  }

  /** Throws when they are of a leader that was deposed (S12). */
  accept({ term }: WorkerInstructions): void {
    if (this.#term !== undefined && term < this.#term) {
      throw new Error(`instructions of term ${term} are refused: a leader of term ${this.#term} was seen before`);
    }
    this.#term = term;
  }

  fine(): void {
    this.#trouble.fine();
    this.#backOff.reset();
  }

  /** Resolves when it is time to try again, or the signal fires. */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#trouble.failed(error);
    await this.#options.clock.sleep(this.#backOff.next(), signal);
  }

  /** Tells the leader that we are about to end, however often it must be tried. */
  async leave(workerId: string, onError: (error: unknown) => void, signal: AbortSignal): Promise<void> {
    const { masters, clock } = this.#options;
    const backOff = this.newBackOff();
    while (!signal.aborted && !this.#isLeaving) {
      try {
        await masters.drain(workerId, signal);
        this.#isLeaving = true;
      } catch (error) {
        onError(error);
        if (signal.aborted) return;
        this.#trouble.failed(error);
        await clock.sleep(backOff.next(), signal);
      }
    }
  }

  /** Brings a structure report to the leader, however often it must be tried. Rejects when it is refused, or at the tenure's end. */
  async sendStructure(report: StructureReport, signal: AbortSignal): Promise<void> {
    const { masters, clock } = this.#options;
    const backOff = this.newBackOff();
    this.#structureReports += 1;
    const sequence = this.#structureReports;
    for (;;) {
      signal.throwIfAborted();
      try {
        const term = this.#term === undefined ? {} : { term: this.#term };
        return await masters.structure({ ...report, ...term, sequence }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof MasterRefused) throw error;
        this.#trouble.failed(error);
        await clock.sleep(backOff.next(), signal);
      }
    }
  }
}
