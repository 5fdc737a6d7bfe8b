import type { ArangoServer } from '../replication/arango.ts';
import type { Clock } from './clock.ts';
import { type Mode, setMode } from './server-mode.ts';

/** A request that was not answered is taken to be lost after so long. */
const landsWithinMs = 60_000;

/**
 * Who looks at the deployment's mode to set it does so alone: a call that was decided by an older state of the log, and is
 * still under way or being repeated, must not set the mode after another one has (S9).
 */
export class ModeTurns {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #uncertainUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for those who came before; what is wanted has to be looked up within the turn. */
  async take<T>(turn: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last;
    const mine = before.then(async () => {
      signal.throwIfAborted();
      return turn();
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Within a turn. */
  async set(front: ArangoServer, mode: Mode, signal: AbortSignal): Promise<void> {
    try {
      await setMode(front, mode, signal);
    } catch (error) {
      this.#uncertainUntilMs = this.#clock.monotonicMs() + landsWithinMs;
      throw error;
    }
  }

  /** A call that was not answered may still land: what the deployment's mode is now says little of what it will be. */
  get isUncertain(): boolean {
    return this.#clock.monotonicMs() < this.#uncertainUntilMs;
  }
}
