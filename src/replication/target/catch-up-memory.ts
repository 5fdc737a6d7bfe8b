import type { Inbox } from './inbox.ts';

/**
 * Memory for frames of shards that are caught up with, of all links of a worker: each has its credit of it, and there is
 * enough for as many as are copied at once (S7). What finds no room in it counts as what streams do.
 */
export class CatchUpMemory {
  readonly #bytesMax: number;
  readonly #held = new Map<Inbox, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes what finds room of a frame of `bytes` that came for a shard; returns how much that is. */
  take(inbox: Inbox, bytes: number): number {
    if (!inbox.isCatchingUp) return 0;
    const held = this.of(inbox);
    const taken = Math.max(0, Math.min(bytes, inbox.creditBytes - held, this.#bytesMax - this.#bytes));
    this.#hold(inbox, held + taken);
    return taken;
  }

  /** Something of the inbox is applied, or dropped: what did not find room goes first. Returns how much is given back. */
  freed(inbox: Inbox): number {
    const held = this.of(inbox);
    const left = Math.min(held, inbox.bufferedBytes);
    this.#hold(inbox, left);
    return held - left;
  }

  /** Bytes of the inbox that it holds. */
  of(inbox: Inbox): number {
    return this.#held.get(inbox) ?? 0;
  }

  #hold(inbox: Inbox, bytes: number): void {
    this.#bytes += bytes - this.of(inbox);
    if (bytes > 0) this.#held.set(inbox, bytes);
    else this.#held.delete(inbox);
  }
}
