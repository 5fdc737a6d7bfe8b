import { EventEmitter, once } from 'node:events';
import type { Frame, FrameHeader } from '../../../replication/queue.ts';
import type { Urgency } from '../../../replication/throttle/throttle.ts';
import { encodeRecord } from '../frame-codec.ts';

/** Writers of the log that go before one of a copy does. */
const COPIES_PASSED_MAX = 9;

/** A frame as it goes over the wire, with its place in the link. */
export interface OutgoingFrame {
  readonly seq: number;
  readonly pieces: readonly [Buffer, Uint8Array];
  readonly bytes: number;
  /** Documents or operations in it. */
  readonly operations: number;
}

/**
 * The frames of a link from being pushed until the other side acknowledged them: what a torn connection swallowed is
 * sent again from here. Invariant: holds exactly the sequence numbers after the last acknowledged one, without gaps.
 */
export class OutgoingFrames {
  readonly #bytesMax: () => number;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #writers: Readonly<Record<Urgency, (() => void)[]>> = { log: [], copy: [] };
  /** Writers of the log that went while copies waited. */
  #passedCopies = 0;
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
    this.#held.push({ seq, pieces, bytes, operations: operationsIn(frame.header) });
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

  /**
   * Resolves when the buffer is below its limit, one waiter after the other, the log before copies, but for every so
   * many; rejects when the signal fires.
   */
  writable(signal: AbortSignal, urgency: Urgency): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#isNobodyWaiting && this.#bytes < this.#bytesMax()) return Promise.resolve();
    const writers = this.#writers[urgency];
    return new Promise((resolve, reject) => {
      const stop = () => {
        writers.splice(writers.indexOf(wake), 1);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      signal.addEventListener('abort', stop, { once: true });
      writers.push(wake);
    });
  }

  get #isNobodyWaiting(): boolean {
    return this.#writers.log.length === 0 && this.#writers.copy.length === 0;
  }

  #nextWriter(): (() => void) | undefined {
    const { log, copy } = this.#writers;
    const isCopysTurn = copy.length > 0 && (log.length === 0 || this.#passedCopies >= COPIES_PASSED_MAX);
    this.#passedCopies = isCopysTurn || copy.length === 0 ? 0 : this.#passedCopies + 1;
    return (isCopysTurn ? copy : log).shift();
  }

  /**
   * Wakes one writer at a time and gives it a turn to push before the next is looked at: else all that wait would
   * push at once into room for one.
   */
  #wakeWriters(): void {
    if (this.#waking || this.#isNobodyWaiting || this.#bytes >= this.#bytesMax()) return;
    this.#waking = true;
    this.#nextWriter()?.();
    setImmediate(() => {
      this.#waking = false;
      this.#wakeWriters();
    });
  }
}

function operationsIn(header: FrameHeader): number {
  if (header.kind === 'copy') return header.documents;
  return header.kind === 'ops' ? header.operations : 0;
}
