import type { Control, Frame, ReceiverLink, SenderLink } from './queue.ts';

/** Frames waiting in the link; a sender waits for room before it reads more. */
const BUFFER_BYTES_MAX = 8 * 1024 * 1024;
/** What a frame costs beside its body. */
const FRAME_OVERHEAD_BYTES = 512;

export interface MemoryLinkOptions {
  readonly targetId: string;
  readonly bufferBytesMax?: number;
}

/** A pair of ends in one process: {@link SenderLink} and {@link ReceiverLink} without a network, for tests and benchmarks. */
export function memoryLink(options: MemoryLinkOptions): {
  readonly sender: SenderLink;
  readonly receiver: ReceiverLink;
} {
  const limit = options.bufferBytesMax ?? BUFFER_BYTES_MAX;
  const closing = new AbortController();
  const frames = new Lane<Frame>(closing.signal, (frame) => frame.body.byteLength + FRAME_OVERHEAD_BYTES);
  const controls = new Lane<Control>(closing.signal, () => 1);
  const sender: SenderLink = {
    targetId: options.targetId,
    closed: closing.signal,
    controls,
    get bufferedBytes() {
      return frames.cost;
    },
    push(frame) {
      closing.signal.throwIfAborted();
      frames.put(frame);
    },
    // One lane: who waits goes when there is room, whatever is more urgent.
    writable: (signal) => frames.below(limit, signal),
  };
  const receiver: ReceiverLink = {
    frames,
    closed: closing.signal,
    clockOffsetMs: 0,
    send: (control) => {
      if (!closing.signal.aborted) controls.put(control);
    },
    close: () => closing.abort(new Error('the link was closed')),
  };
  return { sender, receiver };
}

/** One direction: a queue that knows what it holds. Ends, with what is left unread dropped, when the link closes. */
class Lane<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  readonly #closed: AbortSignal;
  readonly #costOf: (item: T) => number;
  #cost = 0;
  #changed = Promise.withResolvers<void>();

  constructor(closed: AbortSignal, costOf: (item: T) => number) {
    this.#closed = closed;
    this.#costOf = costOf;
    closed.addEventListener('abort', () => this.#announce(), { once: true });
  }

  get cost(): number {
    return this.#cost;
  }

  put(item: T): void {
    this.#items.push(item);
    this.#cost += this.#costOf(item);
    this.#announce();
  }

  async below(limit: number, signal: AbortSignal): Promise<void> {
    while (this.#cost > limit) {
      this.#closed.throwIfAborted();
      signal.throwIfAborted();
      await Promise.race([this.#changed.promise, aborted(signal)]);
    }
    this.#closed.throwIfAborted();
    signal.throwIfAborted();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    while (!this.#closed.aborted) {
      const item = this.#items.shift();
      if (item === undefined) {
        await this.#changed.promise;
        continue;
      }
      this.#cost -= this.#costOf(item);
      this.#announce();
      yield item;
    }
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
