import { OVER } from '../over.ts';
import { type Environment, whenAborted } from './environment.ts';

/** Lets loops sleep until something happens: a ring while nobody waits is not forgotten. */
export class Doorbell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring. Only one may wait. Rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    try {
      await Promise.race([this.#next(), whenAborted(signal, done.signal)]);
    } finally {
      done.abort(OVER);
    }
    this.#rung = false;
  }

  /** Resolves at the next ring, or after `ms`. */
  async waitAtMost(environment: Environment, ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    try {
      const slept = environment.sleep(ms, stop).catch(() => undefined);
      await Promise.race([this.#next(), slept]);
    } finally {
      done.abort(OVER);
    }
    this.#rung = false;
    signal.throwIfAborted();
  }

  #next(): Promise<void> {
    if (this.#rung) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
