import { type ChainFinding, type CommitHasher, checkCommit, headOf } from './chain.ts';
import type { Commit, Head } from './log.ts';
import { LogCorrupt } from './log-errors.ts';
import type { CountableLog } from './verify-log.ts';

/**
 * A log that comes once, in its order, from a file or an answer: verified while it is read, and never held. It may begin
 * anywhere; what it begins after is not known to it.
 */
export class StreamLog implements CountableLog {
  readonly #source: AsyncIterator<unknown>;
  readonly #hasher: CommitHasher;
  #last: Head | undefined;
  #read = 0;
  #finding: ChainFinding | undefined;

  /** `stored`: each commit as it lies in the log; anything else becomes a finding. */
  constructor(stored: AsyncIterable<unknown>, hasher: CommitHasher) {
    this.#source = stored[Symbol.asyncIterator]();
    this.#hasher = hasher;
  }

  /** The next commits; `after` must be the last one that was read here. A finding is thrown once nothing whole is before it. */
  async read(after: Head, limit: number, signal?: AbortSignal): Promise<readonly Commit[]> {
    if (this.#last !== undefined && after.hash !== this.#last.hash)
      throw new Error('a stream is read in its order only');
    const commits: Commit[] = [];
    while (this.#finding === undefined && commits.length < limit) {
      signal?.throwIfAborted();
      const { done, value } = await this.#source.next();
      if (done) break;
      const commit = this.#check(value);
      if (commit !== undefined) commits.push(commit);
    }
    if (commits.length === 0 && this.#finding !== undefined) throw new LogCorrupt(this.#finding);
    return commits;
  }

  /** All that came so far: a stream has nothing beside. */
  async count(): Promise<number> {
    return this.#read;
  }

  #check(stored: unknown): Commit | undefined {
    const expected = this.#last === undefined ? positionOf(stored) : this.#last.position + 1;
    const { commit, finding } = checkCommit(stored, expected, this.#last, this.#hasher);
    if (finding !== undefined) {
      this.#finding = finding;
      return undefined;
    }
    this.#read += 1;
    this.#last = headOf(commit);
    return commit;
  }
}

/** Where a stream begins is what its first commit says. */
function positionOf(stored: unknown): number {
  const isObject = typeof stored === 'object' && stored !== null;
  return isObject && 'position' in stored && typeof stored.position === 'number' ? stored.position : 1;
}
