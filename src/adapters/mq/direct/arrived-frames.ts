import type { Frame } from '../../../replication/queue.ts';
import { ARRIVED_BYTES_MAX } from './limits.ts';

/** What a frame costs beside its body, roughly: a flood of empty frames is bounded too. */
const FRAME_OVERHEAD_BYTES = 512;
const bytesOf = (frame: Frame) => frame.body.length + FRAME_OVERHEAD_BYTES;

/** Frames between the connection and the engine: bounded in bytes, so that an engine that does not pull stops the reading. */
export class ArrivedFrames implements AsyncIterable<Frame> {
  readonly #bytesMax: number;
  #waiting: Frame[] = [];
  #bytes = 0;
  #ended: { readonly error?: Error } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(bytesMax: number = ARRIVED_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Hands a frame over; resolves when there is room for the next one, or when the queue has ended. One writer. */
  async put(frame: Frame): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#waiting.push(frame);
    this.#bytes += bytesOf(frame);
    this.#wakeReader?.();
    while (this.#bytes >= this.#bytesMax && this.#ended === undefined) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  /** Ends the iteration, with an error if one is given. What was not pulled is dropped: it was never applied. */
  end(error?: Error): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#waiting = [];
    this.#bytes = 0;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame> {
    for (;;) {
      if (this.#ended?.error !== undefined) throw this.#ended.error;
      if (this.#ended !== undefined) return;
      const frame = this.#waiting.shift();
      if (frame !== undefined) {
        this.#bytes -= bytesOf(frame);
        if (this.#bytes < this.#bytesMax) this.#wakeWriter?.();
        yield frame;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }
}
