import { KEYS_AT_ONCE } from '../documents-by-key.ts';
import type { DifferenceQuestion } from '../queue.ts';
import { ReopenStream } from './failures.ts';
import { removalOf } from './lines.ts';
import { type HeldKey, type SettlePorts, settleKeys } from './settle-keys.ts';

/** Questions that are on their way at the same time. */
const QUESTIONS_AHEAD = 4;
/** Removed keys that wait to be asked for; some 30 MiB at their longest. */
const WAITING_MAX = 100_000;

/**
 * Removals of a stream by which a document may only have moved to another shard of the source: each is asked for before it is
 * done ({@link settleKeys}). What comes behind them is applied meanwhile; no position may be stored until all are settled.
 */
export class MovedKeys {
  readonly #ports: SettlePorts;
  readonly #ask: (question: DifferenceQuestion) => void;
  readonly #waiting = new Set<string>();
  readonly #asked: (readonly HeldKey[])[] = [];

  constructor(ports: SettlePorts, ask: (question: DifferenceQuestion) => void) {
    this.#ports = ports;
    this.#ask = ask;
  }

  get isSettled(): boolean {
    return this.#asked.length === 0 && this.#waiting.size === 0;
  }

  async add(keys: readonly string[], signal: AbortSignal): Promise<void> {
    for (const key of keys) this.#waiting.add(key);
    if (this.#waiting.size > WAITING_MAX) {
      const why = `more than ${WAITING_MAX} removals wait for the source to tell where their documents are`;
      throw new ReopenStream(why, { catchUpBecause: why, copy: true });
    }
    await this.#goOn(signal);
  }

  /** What the source has under the keys that were asked for first. */
  async found(documents: Uint8Array, signal: AbortSignal): Promise<void> {
    const held = this.#asked.shift();
    if (held === undefined) throw new ReopenStream('documents came that were not asked for');
    await settleKeys(held, documents, this.#ports, signal);
    await this.#goOn(signal);
  }

  async #goOn(signal: AbortSignal): Promise<void> {
    while (this.#waiting.size > 0 && this.#asked.length < QUESTIONS_AHEAD) {
      const keys = [...this.#waiting].slice(0, KEYS_AT_ONCE);
      for (const key of keys) this.#waiting.delete(key);
      // Before the source is asked: what is written after that has another revision, and is spared.
      const stored = await this.#ports.stored(keys, signal);
      const held = keys.map((key, index) => {
        const own = stored[index];
        return { key, revision: own === undefined ? undefined : removalOf(own).revision };
      });
      this.#asked.push(held);
      this.#ask({ kind: 'find', keys });
    }
  }
}
