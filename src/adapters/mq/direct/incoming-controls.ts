import type { Control } from '../../../replication/queue.ts';
import { CONTROLS_WAITING_MAX } from './limits.ts';

/**
 * Controls of a link, taken exactly once and in order although a request whose answer was lost comes again: they are
 * numbered, and what was taken before is passed over.
 */
export class IncomingControls implements AsyncIterable<Control> {
  readonly #waitingMax: number;
  readonly #waiting: Control[] = [];
  #next = 1;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(waitingMax: number = CONTROLS_WAITING_MAX) {
    this.#waitingMax = waitingMax;
  }

  /**
   * Takes what is new of `controls`, the first of which has the number `from`, as far as there is room. Returns the
   * number of the next control wanted. Throws when `from` leaves a gap: that control would be lost.
   */
  take(from: number, controls: readonly Control[]): number {
    if (from > this.#next) throw new RangeError(`control ${this.#next} is missing: the next that came is ${from}`);
    const room = Math.max(0, this.#waitingMax - this.#waiting.length);
    const fresh = controls.slice(this.#next - from, this.#next - from + room);
    this.#waiting.push(...fresh);
    this.#next += fresh.length;
    if (fresh.length > 0) this.#wake?.();
    return this.#next;
  }

  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Control> {
    while (!this.#ended) {
      const control = this.#waiting.shift();
      if (control !== undefined) {
        yield control;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
