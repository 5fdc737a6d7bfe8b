import type { CheckQuestion, DocumentQuestion } from '../queue.ts';

/** What a receiver wants to be told at a place of the stream: `undefined` is the tree that it goes on by. */
export type Verification = Exclude<CheckQuestion, DocumentQuestion> | undefined;

/** A receiver asks one thing after the other. */
const WAITING_MAX = 8;

/** Comparisons that a receiver asked for and was not answered yet, in order; the same one is answered once. */
export class Verifications {
  readonly #waiting: Verification[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** False: too many are waiting. */
  put(wanted: Verification): boolean {
    const text = JSON.stringify(wanted);
    if (this.#waiting.some((other) => JSON.stringify(other) === text)) return true;
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push(wanted);
    return true;
  }

  /** Takes the oldest. Only when there is one. */
  take(): Verification {
    return this.#waiting.shift();
  }
}
