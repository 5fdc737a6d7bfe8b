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
  readonly #fillings = new Set<string>();
  readonly #shared: SharedBytes;
  #bytes = 0;

  /** `shared` counts what all shards of the worker hold. */
  constructor(shared: SharedBytes) {
    this.#shared = shared;
  }

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

  /** Whether what is held under the key takes a place only as long as nothing else stands there. */
  isFilling(key: string): boolean {
    return this.#fillings.has(key);
  }

  hold(operation: Operation, isFilling = false): void {
    this.forget(operation.key);
    if (isFilling) this.#fillings.add(operation.key);
    // A copy: the frame that it is a view into must not stay in memory for its sake.
    this.#held.set(operation.key, { ...operation, bytes: Uint8Array.from(operation.bytes) });
    this.#count(operation.bytes.length);
  }

  holds(key: string): boolean {
    return this.#held.has(key);
  }

  /** A later operation on the key was applied. */
  forget(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#fillings.delete(key);
    this.#count(-held.bytes.length);
  }

  /** The stream has ended: what was held comes again with the next one. */
  clear(): void {
    this.#held.clear();
    this.#fillings.clear();
    this.#count(-this.#bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#shared.bytes += bytes;
  }
}

/** Bytes that several hold together. */
export interface SharedBytes {
  bytes: number;
}
