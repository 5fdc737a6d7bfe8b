import { type ChainFinding, type CommitHasher, checkCommit, checkCommitText, headOf, parsedText } from './chain.ts';
import type { Commit, Head } from './log.ts';
import { LogCorrupt } from './log-errors.ts';
import type { CountableLog } from './verify-log.ts';

/** How the items of a stream are read as commits. */
interface Reading<T> {
  readonly check: (item: T, position: number, after: Head | undefined) => ReturnType<typeof checkCommit>;
  /** Where a stream begins is what its first commit says. */
  readonly beginning: (item: T) => number;
}

/**
 * A log that comes once, in its order, from a file or an answer: verified while it is read, and never held. It may begin
 * anywhere; what it begins after is not known to it.
 */
export class StreamLog<T = unknown> implements CountableLog {
  readonly #source: AsyncIterator<readonly T[]>;
  readonly #reading: Reading<T>;
  /** What came last from the source, and how many of it were taken. */
  #batch: readonly T[] = [];
  #taken = 0;
  #last: Head | undefined;
  #read = 0;
  #finding: ChainFinding | undefined;

  private constructor(batches: AsyncIterable<readonly T[]>, reading: Reading<T>) {
    this.#source = batches[Symbol.asyncIterator]();
    this.#reading = reading;
  }

  /** `stored`: each commit as it lies in the log; anything else becomes a finding. */
  static of(stored: AsyncIterable<unknown>, hasher: CommitHasher): StreamLog {
    const check: Reading<unknown>['check'] = (item, position, after) => checkCommit(item, position, after, hasher);
    return new StreamLog(oneByOne(stored), { check, beginning: positionOf });
  }

  /** `texts`: each commit as the JSON text of what lies in the log, in batches of any size. */
  static ofTexts(texts: AsyncIterable<readonly string[]>, hasher: CommitHasher): StreamLog<string> {
    const check: Reading<string>['check'] = (text, position, after) => checkCommitText(text, position, after, hasher);
    return new StreamLog(texts, { check, beginning: (text) => positionOf(parsedText(text)) });
  }

  /** The next commits; `after` must be the last one that was read here. A finding is thrown once nothing whole is before it. */
  async read(after: Head, limit: number, signal?: AbortSignal): Promise<readonly Commit[]> {
    if (this.#last !== undefined && after.hash !== this.#last.hash)
      throw new Error('a stream is read in its order only');
    const commits: Commit[] = [];
    while (this.#finding === undefined && commits.length < limit) {
      if (this.#taken === this.#batch.length && !(await this.#nextBatch(signal))) break;
      this.#takeInto(commits, limit);
    }
    if (commits.length === 0 && this.#finding !== undefined) throw new LogCorrupt(this.#finding);
    return commits;
  }

  /** All that came so far: a stream has nothing beside. */
  async count(): Promise<number> {
    return this.#read;
  }

  async #nextBatch(signal: AbortSignal | undefined): Promise<boolean> {
    signal?.throwIfAborted();
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#batch = value;
    this.#taken = 0;
    return true;
  }

  #takeInto(commits: Commit[], limit: number): void {
    const end = Math.min(this.#batch.length, this.#taken + limit - commits.length);
    for (const item of this.#batch.slice(this.#taken, end)) {
      const commit = this.#check(item);
      if (commit === undefined) return;
      this.#taken += 1;
      commits.push(commit);
    }
  }

  #check(item: T): Commit | undefined {
    const expected = this.#last === undefined ? this.#reading.beginning(item) : this.#last.position + 1;
    const { commit, finding } = this.#reading.check(item, expected, this.#last);
    if (finding !== undefined) {
      this.#finding = finding;
      return undefined;
    }
    this.#read += 1;
    this.#last = headOf(commit);
    return commit;
  }
}

async function* oneByOne(stored: AsyncIterable<unknown>): AsyncGenerator<readonly unknown[]> {
  for await (const item of stored) yield [item];
}

function positionOf(stored: unknown): number {
  const isObject = typeof stored === 'object' && stored !== null;
  return isObject && 'position' in stored && typeof stored.position === 'number' ? stored.position : 1;
}
