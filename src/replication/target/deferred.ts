import type { Operation } from './lines.ts';

/**
 * Documents that a unique index refuses for now: another document still has their values, until a later operation of the
 * stream changes it. That happens when a stream is replayed over a state that is further on, and while a copy is written
 * over older documents. The newest document of each key is kept, in order; the checkpoint must not pass while any is.
 * What stands on the target under such a key is removed at once, so that a held document never holds others up: with the
 * last one that blocked gone, all of them find their place.
 */
export class DeferredDocuments {
  readonly #held = new Map<string, Operation>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The oldest first. */
  get operations(): readonly Operation[] {
    return [...this.#held.values()];
  }

  hold(operation: Operation): void {
    this.forget(operation.key);
    // A copy: the frame that it is a view into must not stay in memory for its sake.
    this.#held.set(operation.key, { ...operation, bytes: Uint8Array.from(operation.bytes) });
    this.#bytes += operation.bytes.length;
  }

  holds(key: string): boolean {
    return this.#held.has(key);
  }

  /** A later operation on the key was applied. */
  forget(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#bytes -= held.bytes.length;
  }
}
