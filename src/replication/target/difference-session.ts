import type { DifferenceQuestion } from '../queue.ts';
import { decodeRevision } from '../revision.ts';
import { unpackRevisions } from '../revision-list.ts';
import {
  differingRanges,
  parseTree,
  type RevisionRange,
  rangeText,
  type TreeSummary,
  withAllSince,
  withRevisions,
} from '../revision-tree.ts';
import type { CatchUp, CatchUpHeader } from './catch-up.ts';
import type { CatchUpOptions } from './copy-session.ts';
import { ReopenStream } from './failures.ts';
import { documentsOf, type Operation } from './lines.ts';
import { RevisionCursor, RevisionMerge } from './revision-merge.ts';
import { type TargetBatch, treeNow } from './target-batch.ts';

/** Ranges of one question, and revisions of one: a question is some tens of KiB. */
const RANGES_PER_QUESTION = 1_000;
const REVISIONS_PER_QUESTION = 2_000;
/** Questions for documents that are on their way at the same time: so that a long way does not cost a pause for each. */
const FETCHES_AHEAD = 4;
/** Revisions that are held before what they stand for is done; some 2 MiB. */
const REVISIONS_HELD = 50_000;
const REMOVED_AT_ONCE = 2_000;

export interface DifferenceOptions extends CatchUpOptions {
  /** From this revision on an equal one proves nothing: the target may have been written to since (S2). */
  readonly since: string | undefined;
  /** Equal revisions under which the target is known to hold something else. */
  readonly altered: ReadonlySet<string>;
  readonly ask: (question: DifferenceQuestion) => void;
}

/** What is listed now, and the target's own revisions of it. */
interface Listing {
  readonly ranges: readonly (readonly [string, string])[];
  readonly own: RevisionCursor;
}

/**
 * Catches a shard up by what differs (design.md §4):
 *
 * ```
 *   digest ──► ranges that differ ──► revisions in them, here and there ──► fetch what is missing, remove what is surplus
 *                                         ▲                                             │
 *                                         └────────── the next ranges ◄─────────────────┘
 * ```
 * What is fetched takes the place of what stands under its key, and what is left of the surplus is removed by key and
 * revision: so a changed document is never absent in between. Where documents can stand in each other's way (a unique
 * index, equal revisions of which nobody knows what they are) the surplus goes first.
 */
export class DifferenceSession implements CatchUp {
  readonly settlement = 'repaired';
  readonly #options: DifferenceOptions;
  #batch: TargetBatch | undefined;
  #source: TreeSummary = { count: 0, hash: '0' };
  #ranges: RevisionRange[] = [];
  #listing: Listing | undefined;
  #resume: string | undefined;
  #merge: RevisionMerge;
  /** What was found is being brought in: missing revisions that are not asked for yet, and answers that are awaited. */
  #isSettling = false;
  #toFetch: string[] = [];
  #awaited = 0;
  #removed = 0;

  constructor(options: DifferenceOptions) {
    this.#options = options;
    this.#merge = new RevisionMerge(options.since, options.altered);
  }

  async take(header: CatchUpHeader, body: Uint8Array, signal: AbortSignal): Promise<boolean> {
    await this.#batch?.keepAlive(this.#options.environment.now(), signal);
    switch (header.kind) {
      case 'digest':
        await this.#compare(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'), signal);
        break;
      case 'revisions':
        await this.#list(unpackRevisions(body), header.resume, signal);
        break;
      case 'copy':
        await this.#store(documentsOf(body), body.byteLength, header.last, signal);
        break;
      case 'absent':
      case 'found':
        throw new ReopenStream('keys came where revisions are compared');
    }
    return this.#goOn(signal);
  }

  async keepAlive(now: number, signal: AbortSignal): Promise<void> {
    await this.#batch?.keepAlive(now, signal);
  }

  async close(): Promise<void> {
    await this.#batch?.close();
    this.#batch = undefined;
  }

  async #compare(text: string, signal: AbortSignal): Promise<void> {
    const { since, altered, openBatch } = this.#options;
    const source = parseTree(text);
    this.#source = source;
    this.#batch = await openBatch(signal);
    const ranges = differingRanges(source, parseTree(await this.#batch.treeText(signal)));
    const doubtful = withRevisions(ranges, [...altered].map(decodeRevision));
    this.#ranges = [...(since === undefined ? doubtful : withAllSince(doubtful, decodeRevision(since)))];
  }

  async #list(revisions: readonly string[], resume: string | undefined, signal: AbortSignal): Promise<void> {
    if (this.#listing === undefined) throw new ReopenStream('revisions came that were not asked for');
    await this.#merge.take(revisions, resume === undefined, this.#listing.own);
    this.#resume = resume;
    if (resume === undefined) this.#listing = undefined;
    const isLast = resume === undefined && this.#ranges.length === 0;
    if (isLast || this.#merge.size >= REVISIONS_HELD) await this.#settle(isLast, signal);
  }

  /** Begins to bring in what is missing; what is surplus goes before where it may stand in the way. */
  async #settle(isLast: boolean, signal: AbortSignal): Promise<void> {
    this.#isSettling = true;
    this.#toFetch = [...this.#merge.missing];
    const { progress } = this.#options;
    progress.documentsExpected = (progress.documentsExpected ?? 0) + this.#toFetch.length;
    progress.isTotalKnown = isLast;
    if (this.#removesFirst) await this.#removeSurplus(signal);
  }

  async #store(documents: readonly Operation[], bytes: number, isLast: boolean, signal: AbortSignal): Promise<void> {
    const { ports } = this.#options;
    if (this.#awaited === 0) throw new ReopenStream('documents came that were not asked for');
    await ports.write(ports.checked(documents), bytes, signal);
    if (isLast) this.#awaited -= 1;
  }

  /** Asks what is to be asked next. True when there is nothing left. */
  async #goOn(signal: AbortSignal): Promise<boolean> {
    const { ask, progress } = this.#options;
    while (this.#toFetch.length > 0 && this.#awaited < FETCHES_AHEAD) {
      ask({ kind: 'fetch', revisions: this.#toFetch.splice(0, REVISIONS_PER_QUESTION) });
      this.#awaited += 1;
    }
    if (this.#awaited > 0) return false;
    if (this.#isSettling) await this.#settled(signal);
    this.#listing ??= this.#nextListing(signal);
    if (this.#listing !== undefined) {
      const resume = this.#resume === undefined ? {} : { resume: this.#resume };
      ask({ kind: 'list', ranges: this.#listing.ranges, ...resume });
      return false;
    }
    await this.#options.ports.settle(signal);
    if (!(await this.#isEqual(signal))) {
      ask({ kind: 'drifted' });
      return false;
    }
    progress.reason += `; ${progress.documentsCopied} documents fetched, ${this.#removed} replaced or removed`;
    ask({ kind: 'compared' });
    return true;
  }

  async #settled(signal: AbortSignal): Promise<void> {
    await this.#removeSurplus(signal);
    this.#merge = new RevisionMerge(this.#options.since, this.#options.altered);
    this.#isSettling = false;
  }

  #nextListing(signal: AbortSignal): Listing | undefined {
    const ranges = this.#ranges.splice(0, RANGES_PER_QUESTION).map(rangeText);
    const batch = this.#batch;
    if (ranges.length === 0 || batch === undefined) return undefined;
    return { ranges, own: new RevisionCursor((resume) => batch.revisions({ ranges, resume }, signal)) };
  }

  get #removesFirst(): boolean {
    const { since, altered, target } = this.#options;
    return since !== undefined || altered.size > 0 || target.uniqueIndexes;
  }

  async #removeSurplus(signal: AbortSignal): Promise<void> {
    const { surplus } = this.#merge;
    while (surplus.length > 0 && this.#batch !== undefined) {
      const revisions = surplus.splice(0, REMOVED_AT_ONCE);
      for await (const documents of this.#batch.removals(revisions, this.#options.limits.dumpChunkBytes, signal)) {
        await this.#options.ports.remove(documents, signal);
        this.#removed += documents.length;
        this.#options.progress.documentsRemoved += documents.length;
      }
    }
  }

  /**
   * Equal lists of revisions under unequal trees: a tree has drifted on its server (S21). Ours is computed anew; when that
   * does not help the source looks at its own.
   */
  async #isEqual(signal: AbortSignal): Promise<boolean> {
    const { openBatch, progress, target } = this.#options;
    if (isEqual(await treeNow(openBatch, signal), this.#source)) return true;
    await this.#batch?.rebuildTree(signal);
    if (!isEqual(await treeNow(openBatch, signal), this.#source)) return false;
    progress.reason += `; the target's revision tree of ${target.shardName} had drifted and was computed anew`;
    return true;
  }
}

function isEqual(a: TreeSummary, b: TreeSummary): boolean {
  return a.count === b.count && a.hash === b.hash;
}
