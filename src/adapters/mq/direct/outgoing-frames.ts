import { EventEmitter, once } from 'node:events';
import type { Frame } from '../../../replication/queue.ts';
import { encodeRecord } from '../frame-codec.ts';

/** A frame as it goes over the wire, with its place in the link. */
export interface OutgoingFrame {
  readonly seq: number;
  readonly pieces: readonly [Buffer, Uint8Array];
  readonly bytes: number;
}

/**
 * The frames of a link from being pushed until the other side acknowledged them: what a torn connection swallowed is
 * sent again from here. Invariant: holds exactly the sequence numbers after the last acknowledged one, without gaps.
 */
export class OutgoingFrames {
  readonly #bytesMax: () => number;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #writers: (() => void)[] = [];
  #held: OutgoingFrame[] = [];
  /** Index of the oldest held frame: what lies before is acknowledged and is cut off now and then. */
  #head = 0;
  #nextSeq = 1;
  #bytes = 0;
  #waking = false;

  constructor(bytesMax: () => number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Sequence number of the oldest frame that is still held, or of the next one when none is. */
  get firstHeld(): number {
    return this.#nextSeq - (this.#held.length - this.#head);
  }

  get next(): number {
    return this.#nextSeq;
  }

  push(frame: Frame): void {
    const seq = this.#nextSeq;
    const pieces = encodeRecord({ seq, frame: frame.header }, frame.body);
    const bytes = pieces[0].length + pieces[1].length;
    this.#held.push({ seq, pieces, bytes });
    this.#nextSeq += 1;
    this.#bytes += bytes;
    this.#changes.emit('pushed');
  }

  /** Frame `seq`; undefined when it is acknowledged already or not there yet. */
  at(seq: number): OutgoingFrame | undefined {
    const offset = seq - this.firstHeld;
    return offset < 0 ? undefined : this.#held[this.#head + offset];
  }

  /** Forgets everything up to `seq`. An older acknowledgement than one seen before changes nothing. */
  acknowledge(seq: number): void {
    if (seq >= this.#nextSeq) throw new RangeError(`frame ${seq} is acknowledged, ${this.#nextSeq - 1} was sent last`);
    const until = this.#head + (seq - this.firstHeld) + 1;
    for (; this.#head < until; this.#head += 1) this.#bytes -= this.#held[this.#head]?.bytes ?? 0;
    if (this.#head * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#head);
      this.#head = 0;
    }
    this.#wakeWriters();
  }

  /** Resolves when a frame is pushed, rejects when the signal fires. */
  async pushed(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'pushed', { signal });
  }

  /** Resolves when the buffer is below its limit, one waiter after the other; rejects when the signal fires. */
  writable(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#writers.length === 0 && this.#bytes < this.#bytesMax()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#writers.splice(this.#writers.indexOf(wake), 1);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#writers.push(wake);
    });
  }

  /**
   * Wakes one writer at a time and gives it a turn to push before the next is looked at: else all that wait would
   * push at once into room for one.
   */
  #wakeWriters(): void {
    if (this.#waking || this.#writers.length === 0 || this.#bytes >= this.#bytesMax()) return;
    this.#waking = true;
    this.#writers.shift()?.();
    setImmediate(() => {
      this.#waking = false;
      this.#wakeWriters();
    });
  }
}
