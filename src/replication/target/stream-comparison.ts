import type { FrameHeader } from '../queue.ts';
import type { TreeSummary } from '../revision-tree.ts';
import { compareContents } from './compare-contents.ts';
import { ReopenStream, uniqueRefusal } from './failures.ts';
import { shardLabel } from './shard-target.ts';
import type { StreamOptions } from './stream-options.ts';
import { treeNow } from './target-batch.ts';

type Header<Kind extends FrameHeader['kind']> = Extract<FrameHeader, { kind: Kind }>;

/** Stands behind why a way was taken, for the newest comparison only. */
const COMPARED = '; compared with the source';

/** Holds the shard against what the source tells of itself at the place where the stream stands. */
export class StreamComparison {
  readonly #options: StreamOptions;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  async tree(header: Header<'tree'>, signal: AbortSignal): Promise<void> {
    const { deferred } = this.#options.writer;
    if (deferred.size > 0) return this.#options.check.untold(uniqueRefusal(this.#options.target, deferred).message);
    const suspicion = this.#options.suspicion();
    const own = await treeNow(this.#options.openBatch, signal);
    const { check, isDoubtful } = this.#options;
    const wanted = check.treesCompared(header, own);
    // Of a shard that nobody doubts a check finds out how it is, and no more than that.
    if (wanted === undefined && !isDoubtful()) return;
    if (own.count === header.count && own.hash === header.hash) return this.#foundEqual(own, suspicion);
    const why = `revision trees differ: the source has ${header.count} documents, the target ${own.count}`;
    throw new ReopenStream(why, { catchUpBecause: wanted === undefined ? why : `${wanted}: ${why}` });
  }

  /** Documents of a slice are held against the source's, for a check. */
  async contents(header: Header<'contents'>, body: Uint8Array, signal: AbortSignal): Promise<void> {
    const { check, openBatch, limits, writer, target } = this.#options;
    if (writer.deferred.size > 0) return check.untold(uniqueRefusal(target, writer.deferred).message);
    const batch = await openBatch(signal);
    try {
      const compared = await compareContents(batch, header, body, limits.dumpChunkBytes, signal);
      const wanted = check.contentsCompared(header, compared);
      if (wanted !== undefined) throw new ReopenStream(wanted, { catchUpBecause: wanted });
    } finally {
      await batch.close();
    }
  }

  /** It cannot tell what it was asked for. */
  untold(reason: string): void {
    const { target, check, told } = this.#options;
    if (target.revisionOrder) check.untold(`the source cannot tell: ${reason}`);
    else told.untold(reason);
  }

  #foundEqual(own: TreeSummary, suspicion: number | undefined): void {
    const { progress, lines, target } = this.#options;
    const [way] = progress.reason.split(COMPARED);
    progress.reason = `${way}${COMPARED}: equal (${own.count} documents)`;
    this.#options.onVerified('equal', suspicion);
    lines.say('info', 'a shard was compared with the source and is equal', '', { shard: shardLabel(target), ...own });
  }
}
