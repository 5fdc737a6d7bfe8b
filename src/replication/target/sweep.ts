import { KEYS_AT_ONCE } from '../documents-by-key.ts';
import type { Environment, TargetLimits } from './environment.ts';
import type { ShardTarget } from './shard-target.ts';
import type { TargetBatch } from './target-batch.ts';

/** Of one piece: the documents of its keys are read at once, and held in memory. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** A document of the target, as far as it takes to remove it and no other. */
export interface Held {
  readonly key: string;
  readonly revision: string;
  /** What it takes as the server prints it. */
  readonly size: number;
}

export interface SweepOptions {
  readonly openBatch: (shard: ShardTarget['shards'][number], signal: AbortSignal) => Promise<TargetBatch>;
  readonly environment: Pick<Environment, 'now'>;
  readonly limits: Pick<TargetLimits, 'dumpChunkBytes'>;
}

/** All documents of some shards of the target, piece by piece: each shard at a snapshot of its own. */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #shards: ShardTarget['shards'][number][];
  #batch: TargetBatch | undefined;
  #held: readonly Held[] = [];

  constructor(options: SweepOptions, shards: ShardTarget['shards']) {
    this.#options = options;
    this.#shards = [...shards];
  }

  /** Undefined behind the last. */
  async next(signal: AbortSignal): Promise<readonly Held[] | undefined> {
    while (this.#held.length === 0) {
      const held = await this.#read(signal);
      if (held === undefined) return undefined;
      this.#held = held;
    }
    const piece = firstOf(this.#held);
    this.#held = this.#held.slice(piece.length);
    return piece;
  }

  async keepAlive(now: number, signal: AbortSignal): Promise<void> {
    await this.#batch?.keepAlive(now, signal);
  }

  async close(): Promise<void> {
    await this.#batch?.close();
    this.#batch = undefined;
  }

  async #read(signal: AbortSignal): Promise<readonly Held[] | undefined> {
    const { openBatch, environment, limits } = this.#options;
    if (this.#batch === undefined) {
      const shard = this.#shards.shift();
      if (shard === undefined) return undefined;
      this.#batch = await openBatch(shard, signal);
    }
    await this.#batch.keepAlive(environment.now(), signal);
    const documents = await this.#batch.nextDocuments(limits.dumpChunkBytes, signal);
    if (documents !== undefined)
      return documents.map(({ key, revision, bytes }) => ({ key, revision, size: bytes.byteLength }));
    await this.close();
    return [];
  }
}

/** As many as are asked for at once; a larger document goes alone. */
function firstOf(held: readonly Held[]): readonly Held[] {
  let bytes = 0;
  const end = held.findIndex(({ size }, index) => {
    bytes += size;
    return index === KEYS_AT_ONCE || (index > 0 && bytes > PIECE_BYTES);
  });
  return end === -1 ? held : held.slice(0, end);
}
