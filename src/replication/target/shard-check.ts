import type { ComparisonRequest, ComparisonResult } from '../../wire/comparisons.ts';
import type { ContentQuestion } from '../queue.ts';
import type { TreeSummary } from '../revision-tree.ts';
import type { ComparedSlice, ContentsHeader } from './compare-contents.ts';
import { FoundDocuments } from './found-documents.ts';

/** What was asked and not answered is asked again after this. */
const ASK_AGAIN_MS = 30_000;

type Moved = NonNullable<ComparisonResult['repaired']>;
type TreeQuestion = 'tree' | ContentQuestion;
type Question = { readonly of: TreeQuestion; readonly askedAt: number };

/**
 * One shard held against the source because somebody asked (`check sync`, or the masters' own rounds), not because it is
 * in doubt: what differs is told, and moved only where that was asked for.
 *
 * ```
 *   comparing ──► equal | different | untold
 *      ▲  │ differs, and is to be repaired
 *      │  ▼
 *   repairing       (the stream opens again, and catches up by difference)
 * ```
 * `comparing` asks for the tree, and `deep` for one slice of documents after the other: their digest as texts, and where
 * those differ each document's by its value. Every answer is of a place of the stream that the shard has applied exactly,
 * so that nothing differs only because it is behind. Where revisions tell nothing a `ContentCheck` looks instead.
 */
export class ShardCheck {
  #request: ComparisonRequest | undefined;
  #result: ComparisonResult | undefined;
  #found = new FoundDocuments();
  #differs = false;
  #next: TreeQuestion | undefined;
  #asked: Question | undefined;
  /** Revisions under which the target holds something else, until the shard was caught up with. */
  #altered: ReadonlySet<string> = new Set();

  /** Undefined: nobody wants to know any longer. The same request again changes nothing. */
  follow(request: ComparisonRequest | undefined): void {
    if (request?.id === this.#request?.id) return;
    this.#request = request;
    this.#asked = undefined;
    this.#altered = new Set();
    this.#result = undefined;
    if (request === undefined) this.#next = undefined;
    else this.#begin(request);
  }

  get result(): ComparisonResult | undefined {
    return this.#result;
  }

  /** Revisions that prove nothing: what stands under them is to be replaced. */
  get altered(): ReadonlySet<string> {
    return this.#altered;
  }

  /** What is to be asked of the source now. */
  question(now: number): TreeQuestion | undefined {
    if (this.#next === undefined || this.#result?.state !== 'comparing') return undefined;
    if (this.#asked !== undefined && now - this.#asked.askedAt < ASK_AGAIN_MS) return undefined;
    this.#asked = { of: this.#next, askedAt: now };
    return this.#next;
  }

  /** On a new stream nothing was asked for. */
  streamOpens(): void {
    this.#asked = undefined;
  }

  /** Trees were compared, for whatever reason. Tells why the shard is to be caught up with, if it is. */
  treesCompared(source: TreeSummary, target: TreeSummary): string | undefined {
    const request = this.#request;
    if (request === undefined || this.#next !== 'tree' || this.#result?.state !== 'comparing') return undefined;
    const isEqual = source.count === target.count && source.hash === target.hash;
    this.#differs ||= !isEqual;
    this.#tell({ counts: { source: source.count, target: target.count } });
    if (request.deep) return this.#goOn({ form: 'text' });
    return this.#conclude(request);
  }

  /** A slice was compared. Tells why the shard is to be caught up with, if it is. */
  contentsCompared(
    { form, behind, to, count }: ContentsHeader,
    { isEqual, differences }: ComparedSlice,
  ): string | undefined {
    const [request, wanted] = [this.#request, this.#next];
    if (request === undefined || typeof wanted !== 'object' || this.#result?.state !== 'comparing') return undefined;
    if (wanted.form !== form || wanted.behind !== behind) return undefined;
    if (!isEqual && form === 'text') return this.#goOn({ ...wanted, form: 'value' });
    this.#found.add(differences);
    this.#differs ||= !isEqual;
    this.#tell({ compared: (this.#result.compared ?? 0) + count });
    if (to === undefined || this.#found.isFull) return this.#conclude(request);
    return this.#goOn({ behind: to, form: 'text' });
  }

  /** The request for which the shard is to be compared by key and content; undefined: none, or its end is told. */
  get wanted(): string | undefined {
    return this.#result?.state === 'comparing' ? this.#result.id : undefined;
  }

  /** A comparison by key and content goes on; `reason`: what it waits for. */
  looked(news: { readonly source?: number; readonly target?: number; readonly reason?: string | undefined }): void {
    if (this.#result?.state !== 'comparing') return;
    const { compared = 0, swept = 0, reason: _, ...rest } = this.#result;
    const { source = 0, target = 0, reason } = news;
    const done = { ...rest, compared: compared + source, swept: swept + target, byContent: true };
    this.#result = reason === undefined ? done : { ...done, reason };
  }

  /** What a comparison by key and content found. Tells why the shard is to be caught up with, if it is. */
  contentsFound(found: FoundDocuments): string | undefined {
    const request = this.#request;
    if (request === undefined || this.#result?.state !== 'comparing') return undefined;
    this.looked({});
    this.#found = found;
    this.#differs = found.count > 0;
    return this.#conclude(request);
  }

  /** The comparison cannot be made. */
  untold(reason: string): void {
    if (this.#result?.state === 'comparing') this.#end('untold', reason);
  }

  /** The shard is where the source is, by a catch-up; which may have been this one's or another's. */
  caughtUp(moved: Moved): void {
    this.#altered = new Set();
    const request = this.#request;
    if (request === undefined || this.#result?.state !== 'repairing') return;
    const before = this.#result;
    this.#begin(request);
    // What was found before it was repaired is told with the end.
    const { swept: _, ...told } = before;
    this.#result = { ...told, state: 'comparing', compared: 0, repaired: moved };
  }

  #begin({ id, taskId }: ComparisonRequest): void {
    this.#found = new FoundDocuments();
    this.#differs = false;
    this.#next = 'tree';
    this.#asked = undefined;
    this.#result = { id, taskId, state: 'comparing' };
  }

  #goOn(next: TreeQuestion): undefined {
    this.#next = next;
    this.#asked = undefined;
  }

  #conclude(request: ComparisonRequest): string | undefined {
    const repaired = this.#result?.repaired;
    if (!this.#differs) return this.#end('equal');
    // Documents that differ after the repair are those that count.
    if (request.deep || this.#found.count > 0)
      this.#tell({ documents: this.#found.named(), documentsDiffering: this.#found.count });
    if (!request.repair || repaired !== undefined) return this.#end('different');
    this.#altered = new Set(this.#found.contentRevisions());
    this.#tell({ state: 'repairing' });
    this.#next = undefined;
    return 'a check found that it differs from the source';
  }

  #end(state: 'equal' | 'different' | 'untold', reason?: string): undefined {
    this.#next = undefined;
    this.#tell({ state, ...(reason === undefined ? {} : { reason }) });
  }

  #tell(news: Partial<ComparisonResult>): void {
    if (this.#result !== undefined) this.#result = { ...this.#result, ...news };
  }
}
