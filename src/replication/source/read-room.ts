import type { SenderLink } from '../queue.ts';

/** Bytes of reads that are under way, of all links of a worker. */
export interface ReadsUnderWay {
  bytes: number;
  /** Answers that are larger than what was asked for: one is read at a time, and nothing beside it. */
  large: number;
}

/**
 * Told the size of an answer before it is read. A document that is larger than what was asked for comes all the same, but
 * alone: it waits until there is room for it.
 */
export type Admit = (bytes: number) => Promise<void>;

/**
 * Lets the readers of one link begin a read only while there is room for what it brings (S7): behind each other, in order
 * of arrival, so that thousands of shards that read by themselves do not find the same room free. What was read is pushed
 * at once, and then counts as the link's.
 *
 * Invariant: the link never holds more than its limit and {@link bytesMax}; all links of a worker read no more than
 * `bytesInAllMax` at once. A read under way ends by itself, so nobody waits for another link's target.
 */
export class ReadRoom {
  readonly #link: SenderLink;
  readonly #bytesMax: number;
  readonly #bytesInAllMax: number;
  readonly #inAll: ReadsUnderWay;
  readonly #changed: Set<() => void>;
  #bytes = 0;
  /** Resolves when the one before was let in, or gave up. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(link: SenderLink, shared: SharedReadRoom) {
    this.#link = link;
    this.#bytesMax = shared.bytesMax;
    this.#bytesInAllMax = shared.bytesInAllMax;
    this.#inAll = shared.underWay;
    this.#changed = shared.waiting;
  }

  /**
   * Does a read of about `bytes` once there is room for it. Rejects with the signal's reason, or when the link closes. A
   * reader that reads for many goes ahead of those that wait for their turn.
   */
  async within<T>(
    { bytes, isAhead = false }: { readonly bytes: number; readonly isAhead?: boolean },
    signal: AbortSignal,
    read: (admit: Admit) => Promise<T>,
  ): Promise<T> {
    await (isAhead ? this.#take(bytes, signal) : this.#inTurn(bytes, signal));
    const mine = { bytes, isLarge: false };
    try {
      return await read((size) => this.#admit(size, mine, signal));
    } finally {
      this.#give(mine);
    }
  }

  /** While an answer waits nothing of it is taken, so what was reserved for it is others'. */
  async #admit(size: number, mine: { bytes: number; isLarge: boolean }, signal: AbortSignal): Promise<void> {
    if (size <= mine.bytes) return;
    this.#give(mine);
    mine.bytes = 0;
    // Before others have to wait for it: a target that takes nothing is not their affair.
    await this.#link.writable(signal);
    this.#inAll.large += 1;
    mine.isLarge = true;
    while (this.#inAll.bytes > 0) await this.#until(() => this.#inAll.bytes === 0, signal);
    mine.bytes = size;
    this.#bytes += size;
    this.#inAll.bytes += size;
  }

  #give({ bytes, isLarge }: { readonly bytes: number; readonly isLarge: boolean }): void {
    this.#bytes -= bytes;
    this.#inAll.bytes -= bytes;
    if (isLarge) this.#inAll.large -= 1;
    for (const wake of [...this.#changed]) wake();
  }

  async #inTurn(bytes: number, signal: AbortSignal): Promise<void> {
    const before = this.#turn;
    const turn = Promise.withResolvers<void>();
    this.#turn = turn.promise;
    try {
      await before;
      await this.#take(bytes, signal);
    } finally {
      turn.resolve();
    }
  }

  async #take(bytes: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      await this.#until(() => !this.#isFull(bytes), signal);
      await this.#link.writable(signal);
      if (!this.#isFull(bytes)) break;
    }
    this.#bytes += bytes;
    this.#inAll.bytes += bytes;
  }

  #isFull(bytes: number): boolean {
    if (this.#inAll.large > 0) return true;
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) return true;
    return this.#inAll.bytes > 0 && this.#inAll.bytes + bytes > this.#bytesInAllMax;
  }

  async #until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#link.closed]);
    while (!holds()) {
      either.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#changed.add(resolve);
      either.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#changed.delete(resolve);
    }
  }
}

/** What the links of a worker share. */
export interface SharedReadRoom {
  /** Of the reads of one link at once. */
  readonly bytesMax: number;
  readonly bytesInAllMax: number;
  readonly underWay: ReadsUnderWay;
  readonly waiting: Set<() => void>;
}
