import { compareRevisions } from '../revision.ts';
import type { RevisionPage } from '../revision-calls.ts';

/**
 * Holds the revisions of two shards against each other, both ascending: what only the target has is surplus, what only
 * the source has is missing. From `since` on equal revisions prove nothing (S2): there everything is both.
 */
export class RevisionMerge {
  readonly surplus: string[] = [];
  readonly missing: string[] = [];
  readonly #since: string | undefined;
  readonly #altered: ReadonlySet<string>;

  /** `altered`: equal revisions that are known to stand for something else in the target. */
  constructor(since: string | undefined, altered: ReadonlySet<string> = new Set()) {
    this.#since = since;
    this.#altered = altered;
  }

  /** How many are held. */
  get size(): number {
    return this.surplus.length + this.missing.length;
  }

  /**
   * Takes the source's next revisions, and out of `own` those up to the last of them; all that is left of `own` when
   * they are the last.
   */
  async take(source: readonly string[], isLast: boolean, own: RevisionCursor): Promise<void> {
    for (const revision of source) {
      for (;;) {
        const stored = await own.peek();
        const order = stored === undefined ? 1 : compareRevisions(stored, revision);
        if (order > 0 || stored === undefined) {
          this.missing.push(revision);
          break;
        }
        own.advance();
        if (order < 0) {
          this.surplus.push(stored);
          continue;
        }
        if (this.#isDoubtful(revision)) {
          this.surplus.push(revision);
          this.missing.push(revision);
        }
        break;
      }
    }
    if (!isLast) return;
    for (let stored = await own.peek(); stored !== undefined; stored = await own.peek()) {
      this.surplus.push(stored);
      own.advance();
    }
  }

  #isDoubtful(revision: string): boolean {
    if (this.#altered.has(revision)) return true;
    return this.#since !== undefined && compareRevisions(revision, this.#since) >= 0;
  }
}

/** The page that begins at `resume`; the first one without. */
type NextPage = (resume: string | undefined) => Promise<RevisionPage>;

/** Revisions in ascending order, of which the next page is asked for when the one before is used up. */
export class RevisionCursor {
  readonly #next: NextPage;
  #page: readonly string[] = [];
  #at = 0;
  #resume: string | undefined;
  #ended = false;

  constructor(next: NextPage) {
    this.#next = next;
  }

  async peek(): Promise<string | undefined> {
    while (this.#at >= this.#page.length && !this.#ended) {
      const { revisions, resume } = await this.#next(this.#resume);
      this.#page = revisions;
      this.#at = 0;
      this.#resume = resume;
      this.#ended = resume === undefined;
    }
    return this.#page[this.#at];
  }

  advance(): void {
    this.#at += 1;
  }
}
