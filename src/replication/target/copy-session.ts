import { CopyOver } from './copy-over.ts';
import type { Environment, TargetLimits } from './environment.ts';
import type { Operation } from './lines.ts';
import type { ShardTarget } from './shard-target.ts';
import type { TargetBatch } from './target-batch.ts';

/** A snapshot of the target is renewed after this; servers keep it for 300 s. */
const BATCH_RENEW_MS = 60_000;

export interface CopySessionOptions {
  readonly target: ShardTarget;
  readonly openBatch: (signal: AbortSignal) => Promise<TargetBatch>;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}

/** One copy over a shard: the snapshot of what the target held when it began, and what of that is surplus. */
export class CopySession {
  readonly #options: CopySessionOptions;
  #open: { readonly over: CopyOver; readonly batch: TargetBatch } | undefined;
  #renewedAt = 0;

  constructor(options: CopySessionOptions) {
    this.#options = options;
  }

  /** Surplus documents up to the revision of the last of these; to be removed before these are written. */
  async *surplusUpTo(documents: readonly Operation[], signal: AbortSignal): AsyncGenerator<readonly Operation[]> {
    yield* (await this.#over(signal)).surplusUpTo(documents, signal);
  }

  /** What is left when the source's last document is written: all of it is surplus. */
  async *rest(signal: AbortSignal): AsyncGenerator<readonly Operation[]> {
    const over = await this.#over(signal);
    for (let rest = await over.nextSurplus(signal); rest !== undefined; rest = await over.nextSurplus(signal))
      yield rest;
  }

  async close(): Promise<void> {
    await this.#open?.batch.close();
    this.#open = undefined;
  }

  async #over(signal: AbortSignal): Promise<CopyOver> {
    const { environment, limits, openBatch, target } = this.#options;
    const now = environment.now();
    if (this.#open === undefined) {
      const batch = await openBatch(signal);
      const next = (chunkSignal: AbortSignal) => batch.nextDocuments(limits.dumpChunkBytes, chunkSignal);
      this.#open = { batch, over: new CopyOver(target, { next }) };
      this.#renewedAt = now;
    } else if (now - this.#renewedAt > BATCH_RENEW_MS) {
      await this.#open.batch.keepAlive(signal);
      this.#renewedAt = now;
    }
    return this.#open.over;
  }
}
