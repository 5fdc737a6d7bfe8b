import type { Logger } from './logger.ts';

/** A condition that may last: logged when it begins, when its text changes, and when it is over; not on every attempt. */
export class ConditionLog {
  readonly #log: Logger;
  readonly #what: string;
  #last: string | undefined;

  /** `what` names the thing that fails: `the masters`, `reports`. */
  constructor(log: Logger, what: string) {
    this.#log = log;
    this.#what = what;
  }

  failed(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (text !== this.#last) this.#log.warn(`${this.#what}: ${text}`);
    this.#last = text;
  }

  fine(): void {
    if (this.#last !== undefined) this.#log.info(`${this.#what}: works again`);
    this.#last = undefined;
  }
}
