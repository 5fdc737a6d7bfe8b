import type { CatchUp, CatchUpHeader, CatchUpPorts } from './catch-up.ts';
import { CopyOver } from './copy-over.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { ReopenStream } from './failures.ts';
import { documentsOf, type Operation } from './lines.ts';
import type { ShardProgress } from './shard-progress.ts';
import type { ShardTarget } from './shard-target.ts';
import type { TargetBatch } from './target-batch.ts';

export interface CatchUpOptions {
  readonly target: ShardTarget;
  readonly ports: CatchUpPorts;
  readonly openBatch: (signal: AbortSignal) => Promise<TargetBatch>;
  readonly progress: ShardProgress;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}

/** One copy over a shard: all documents of the source's snapshot, and out of the target's own what of that is surplus. */
export class CopySession implements CatchUp {
  readonly settlement = 'copied';
  readonly #options: CatchUpOptions;
  #open: { readonly over: CopyOver; readonly batch: TargetBatch } | undefined;

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  async take(header: CatchUpHeader, body: Uint8Array, signal: AbortSignal): Promise<boolean> {
    if (header.kind !== 'copy') throw new ReopenStream(`${header.kind} came in the middle of a copy`);
    const { ports } = this.#options;
    const documents = ports.checked(documentsOf(body));
    // Before these are written (reference 4.4): no two documents of a shard may have the same revision.
    const over = await this.#over(signal);
    for await (const surplus of over.surplusUpTo(documents, signal)) await this.#remove(surplus, signal);
    await ports.write(documents, body.byteLength, signal);
    if (!header.last) return false;
    for (let rest = await over.nextSurplus(signal); rest !== undefined; rest = await over.nextSurplus(signal))
      await this.#remove(rest, signal);
    await ports.settle(signal);
    return true;
  }

  async keepAlive(now: number, signal: AbortSignal): Promise<void> {
    await this.#open?.batch.keepAlive(now, signal);
  }

  async close(): Promise<void> {
    await this.#open?.batch.close();
    this.#open = undefined;
  }

  async #remove(surplus: readonly Operation[], signal: AbortSignal): Promise<void> {
    const { ports, progress } = this.#options;
    await ports.remove(surplus, signal);
    progress.documentsRemoved += surplus.length;
  }

  async #over(signal: AbortSignal): Promise<CopyOver> {
    const { environment, limits, openBatch, target } = this.#options;
    if (this.#open === undefined) {
      const batch = await openBatch(signal);
      const next = (chunkSignal: AbortSignal) => batch.nextDocuments(limits.dumpChunkBytes, chunkSignal);
      this.#open = { batch, over: new CopyOver(target, { next }) };
    }
    await this.#open.batch.keepAlive(environment.now(), signal);
    return this.#open.over;
  }
}
