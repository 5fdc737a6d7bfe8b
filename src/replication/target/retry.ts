import type { Environment } from './environment.ts';
import type { ErrorMeaning } from './error-meaning.ts';

/** How long to go on, and how fast: per meaning, counted from the first failure in a row. */
interface Patience {
  readonly firstMs: number;
  readonly mostMs: number;
  readonly giveUpMs: number;
}

const PATIENCE: Partial<Record<ErrorMeaning, Patience>> = {
  contention: { firstMs: 20, mostMs: 1_000, giveUpMs: 120_000 },
  unavailable: { firstMs: 100, mostMs: 5_000, giveUpMs: 600_000 },
  'not-writable': { firstMs: 250, mostMs: 10_000, giveUpMs: 600_000 },
  'no-right': { firstMs: 1_000, mostMs: 10_000, giveUpMs: 60_000 },
};

/** Paces the repetition of one piece of work: waits longer each time, and ends the patience that a meaning deserves. */
export class Retry {
  readonly #environment: Environment;
  #attempts = 0;
  #since: number | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Forgets earlier failures: the work moved. */
  progressed(): void {
    this.#attempts = 0;
    this.#since = undefined;
  }

  /** Ms to wait before the next try, or undefined when this meaning is not waited out, or not any longer. */
  next(meaning: ErrorMeaning): number | undefined {
    const patience = PATIENCE[meaning];
    if (patience === undefined) return undefined;
    const now = this.#environment.now();
    this.#since ??= now;
    if (now - this.#since > patience.giveUpMs) return undefined;
    this.#attempts += 1;
    return Math.min(patience.mostMs, patience.firstMs * 2 ** Math.min(this.#attempts - 1, 20));
  }
}
