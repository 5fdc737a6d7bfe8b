import type { Control } from '../../../replication/queue.ts';
import { CONTROL_BATCH_BYTES, CONTROLS_PER_REQUEST_MAX, CONTROLS_UNSENT_BYTES_MAX } from './limits.ts';

/** Controls until the other side took them, numbered from 1. */
export class UnsentControls {
  #waiting: string[] = [];
  #bytes = 0;
  #first = 1;
  /** Number of the newest control that is more than an acknowledgement. */
  #newestPressing = 0;

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Something waits that the other side has to know at once: all but acknowledgements, of which a later one says more. */
  get isPressing(): boolean {
    return this.#newestPressing >= this.#first;
  }

  /** Throws when so much waits that the other side cannot be taking anything. */
  add(control: Control): void {
    const text = JSON.stringify(control);
    this.#waiting.push(text);
    this.#bytes += text.length;
    if (control.kind !== 'ack') this.#newestPressing = this.#first + this.#waiting.length - 1;
    if (this.#bytes > CONTROLS_UNSENT_BYTES_MAX) {
      throw new RangeError(
        `${this.#bytes} bytes of controls wait to be sent; ${CONTROLS_UNSENT_BYTES_MAX} are allowed`,
      );
    }
  }

  /** Body of a control request with the oldest controls, and the number of the control behind them. */
  batch(ack: number): { readonly body: string; readonly end: number } {
    let count = 0;
    for (let bytes = 0; count < CONTROLS_PER_REQUEST_MAX && bytes < CONTROL_BATCH_BYTES; count += 1) {
      const text = this.#waiting[count];
      if (text === undefined) break;
      bytes += text.length;
    }
    const body = `{"from":${this.#first},"ack":${ack},"controls":[${this.#waiting.slice(0, count).join(',')}]}`;
    return { body, end: this.#first + count };
  }

  /** Forgets the controls before number `next`. */
  taken(next: number): void {
    const gone = this.#waiting.splice(0, next - this.#first);
    for (const text of gone) this.#bytes -= text.length;
    this.#first += gone.length;
  }
}
