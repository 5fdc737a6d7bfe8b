import { type ChainFinding, type CommitHasher, checkCommit, headOf, sealCommit } from './chain.ts';
import type { CommitStore } from './commit-store.ts';
import { holdsState, KeptCommits, type KeptCommitsOptions } from './kept-commits.ts';
import type { AppendOutcome, Commit, CommitDraft, Head, KeptLog } from './log.ts';
import { LogArchivedPast, LogCorrupt, LogUnavailable } from './log-errors.ts';

/** A commit is one document and one request; whoever decides more at once appends more than once. */
export const COMMIT_BYTES_MAX = 32 * 1024 * 1024;
/** A read returns what it has once it holds this much. */
export const READ_BYTES_MAX = 16 * 1024 * 1024;
const READ_CHUNK_FIRST = 8;
const READ_CHUNK_MAX = 512;
const REMOVE_CHUNK = 500;
const SETTLE_ATTEMPTS_MAX = 6;
const SETTLE_PAUSE_FIRST_MS = 50;
const SETTLE_PAUSE_MAX_MS = 1_000;

export type ChainedLogOptions = KeptCommitsOptions;

const EMPTY: Head = { position: 0, hash: '' };

/**
 * The event log over any {@link CommitStore}. It keeps two promises that a store alone does not: whoever gets
 * `appended` has the one commit behind the head it decided from, although connections break (S11) and old commits are
 * archived (S10); and whoever reads, reads what was written, in order, without a gap, or is told.
 */
export class ChainedLog implements KeptLog {
  readonly #store: CommitStore;
  readonly #kept: KeptCommits;
  readonly #hasher: CommitHasher;
  readonly #sleep: ChainedLogOptions['sleep'];
  /** Newest commit that was verified here: where {@link head} goes on, and what must not vanish (S18). */
  #known: Head = EMPTY;
  /** What was last found to be what was read before, and its revision in the store. */
  #seen: { readonly hash: string; readonly revision: string } | undefined;

  constructor({ store, hasher, sleep }: ChainedLogOptions) {
    this.#store = store;
    this.#kept = new KeptCommits({ store, hasher, sleep });
    this.#hasher = hasher;
    this.#sleep = sleep;
  }

  async head(signal?: AbortSignal): Promise<Head> {
    let head = this.#known;
    for (;;) {
      const commits = await this.#readOn(head, READ_CHUNK_MAX, signal);
      const last = commits.at(-1);
      if (last === undefined) return head;
      head = headOf(last);
    }
  }

  async read(after: Head, limit: number, signal?: AbortSignal): Promise<readonly Commit[]> {
    const commits: Commit[] = [];
    let [head, chunk, bytes] = [after, READ_CHUNK_FIRST, 0];
    while (commits.length < limit && bytes < READ_BYTES_MAX) {
      const part = await this.#readChunk(head, Math.min(chunk, limit - commits.length), signal);
      commits.push(...part.commits);
      const last = part.commits.at(-1);
      if (last !== undefined) head = headOf(last);
      if (part.isEnd) break;
      bytes += part.bytes;
      chunk = nextChunk(part.commits.length, part.bytes);
    }
    if (commits.length === 0) await this.#checkStillThere(after, signal);
    if (head.position >= this.#known.position) this.#known = head;
    return commits;
  }

  async append(expected: Head, draft: CommitDraft, signal?: AbortSignal): Promise<AppendOutcome> {
    if (expected.position === 0) await this.#checkNothingIsThere(signal);
    const commit = sealCommit(expected, draft, this.#hasher);
    const bytes = new TextEncoder().encode(JSON.stringify(commit)).byteLength;
    if (bytes > COMMIT_BYTES_MAX)
      throw new Error(`a commit of ${bytes} bytes (${draft.cause}) exceeds ${COMMIT_BYTES_MAX}`);
    const other = await this.#insertSettled(commit, signal);
    if (other !== undefined) return { kind: 'conflict', head: other };
    await this.#checkPredecessor(commit, expected, signal);
    if (commit.position > this.#known.position) this.#known = headOf(commit);
    return { kind: 'appended', commit };
  }

  async headAt(position: number, signal?: AbortSignal): Promise<Head> {
    if (position === 0) return EMPTY;
    const { start, commits } = await this.#kept.get([position], signal);
    if (position < start.first) throw new LogArchivedPast(position, start.first);
    if (commits[0] === undefined) throw new LogCorrupt({ position, problem: 'missing', detail: 'nothing is there' });
    const { commit, finding } = checkCommit(commits[0], position, undefined, this.#hasher);
    if (finding !== undefined) throw new LogCorrupt(finding);
    return headOf(commit);
  }

  async first(signal?: AbortSignal): Promise<number> {
    return (await this.#kept.get([], signal)).start.first;
  }

  /** Commits there are, also those that no gapless read reaches. */
  count(signal?: AbortSignal): Promise<number> {
    return this.#store.count(signal);
  }

  /**
   * Lets go of all commits before `position`, which must hold a `LogArchived`. Oldest first: so a position that is free
   * has no predecessor either, by which a writer from the past is found out (S10). Repeatable: what a call that broke off
   * left behind goes with the next.
   */
  async archiveBefore(position: number, signal?: AbortSignal): Promise<void> {
    const { commits } = await this.#kept.get([position], signal);
    const { commit, finding } = checkCommit(commits[0], position, undefined, this.#hasher);
    if (finding !== undefined) throw new LogCorrupt(finding);
    if (!holdsState(commit))
      throw new Error(`position ${position} holds no state to begin from: archive at a LogArchived`);
    const { first, oldest } = await this.#kept.moveStart((start) => ({ ...start, first: position }), signal);
    // Another one has archived more meanwhile, and removes it.
    if (first > position) return;
    // Had the state been lost, what is about to go would be all that is left (S18).
    await this.#checkStillThere(headOf(commit), signal);
    for (let from = oldest; from < first; from += REMOVE_CHUNK) {
      await this.#store.remove(positionsFrom(from, Math.min(REMOVE_CHUNK, first - from)), signal);
    }
    await this.#kept.moveStart((start) => ({ ...start, oldest: first }), signal);
  }

  /** {@link read} for one's own known head: begins anew when that was archived. */
  async #readOn(head: Head, limit: number, signal?: AbortSignal): Promise<readonly Commit[]> {
    try {
      return await this.read(head, limit, signal);
    } catch (error) {
      if (!(error instanceof LogArchivedPast)) throw error;
      return this.read(EMPTY, limit, signal);
    }
  }

  async #readChunk(after: Head, count: number, signal?: AbortSignal): Promise<Chunk> {
    const stored = await this.#kept.get(positionsFrom(after.position + 1, count), signal);
    const { first } = stored.start;
    if (after.position + 1 >= first) return this.#checkChunk(after, stored.commits, stored.bytes, after);
    if (after.position > 0) throw new LogArchivedPast(after.position, first);
    const fromFirst = await this.#kept.get(positionsFrom(first, count), signal);
    const before = { position: first - 1, hash: '' };
    return this.#checkChunk(before, fromFirst.commits, fromFirst.bytes, undefined);
  }

  #checkChunk(before: Head, stored: readonly unknown[], bytes: number, after: Head | undefined): Chunk {
    const commits: Commit[] = [];
    let previous = after;
    for (const [index, content] of stored.entries()) {
      const position = before.position + 1 + index;
      if (content === undefined) return { commits, bytes, isEnd: true };
      const { commit, finding } = checkCommit(content, position, previous, this.#hasher);
      if (finding !== undefined) throw new LogCorrupt(finding);
      if (previous === undefined && !holdsState(commit)) {
        throw new LogCorrupt({
          position,
          problem: 'missing',
          detail: 'what came before is gone, and no state of it is kept',
        });
      }
      commits.push(commit);
      previous = headOf(commit);
    }
    return { commits, bytes, isEnd: false };
  }

  /** A reader that remembers a commit which the log lacks must not go on as if nothing was (S18). */
  async #checkStillThere(after: Head, signal?: AbortSignal): Promise<void> {
    const { position, hash } = after;
    if (position === 0) return this.#checkNothingIsThere(signal);
    // Asked before: when what is read then is ours, no other revision can be.
    const revision = await this.#store.revisionAt(position, signal);
    if (revision !== undefined && this.#seen?.hash === hash && this.#seen.revision === revision) return;
    const { start, commits } = await this.#kept.get([position], signal);
    const { first } = start;
    if (position < first) throw new LogArchivedPast(position, first);
    if (commits[0] === undefined) {
      const detail = 'it was there before: the log went back (restored from a backup, or a replica was lost)';
      throw new LogCorrupt({ position, problem: 'missing', detail });
    }
    const { commit, finding } = checkCommit(commits[0], position, undefined, this.#hasher);
    if (finding !== undefined) throw new LogCorrupt(finding);
    if (commit.hash !== hash)
      throw new LogCorrupt({ position, problem: 'swapped', detail: 'another commit was read here before' });
    this.#seen = revision === undefined ? undefined : { hash, revision };
  }

  /** A log whose beginning was taken away must not pass for an empty one, in which everything begins anew. */
  async #checkNothingIsThere(signal?: AbortSignal): Promise<void> {
    const stored = await this.#store.count(signal);
    const { start } = await this.#kept.get([], signal);
    if (stored === 0 && start.first === 1) return;
    if ((await this.#store.revisionAt(start.first, signal)) !== undefined) return;
    const detail = `the log begins here, and nothing is there; ${stored} other commits are stored`;
    throw new LogCorrupt({ position: start.first, problem: 'missing', detail });
  }

  /** Undefined: the commit is in the log. Otherwise the head of the one that was first. */
  async #insertSettled(commit: Commit, signal?: AbortSignal): Promise<Head | undefined> {
    for (let attempt = 1; attempt <= SETTLE_ATTEMPTS_MAX; attempt += 1) {
      const outcome = await this.#store.insert(commit, signal);
      if (outcome === 'inserted') return undefined;
      if (outcome === 'taken') {
        const holder = await this.#holderOf(commit.position, signal);
        if (holder?.hash === commit.hash) return undefined;
        if (holder !== undefined) return holder;
      }
      await this.#sleep(Math.min(SETTLE_PAUSE_MAX_MS, SETTLE_PAUSE_FIRST_MS * 2 ** (attempt - 1)), signal);
    }
    const what = `whether position ${commit.position} (${commit.cause}) was written stayed unknown`;
    throw new LogUnavailable(`event log: ${what} after ${SETTLE_ATTEMPTS_MAX} attempts`);
  }

  /** Undefined when what took the position is gone again: its writer's transaction was rolled back. */
  async #holderOf(position: number, signal?: AbortSignal): Promise<Head | undefined> {
    const { commits } = await this.#kept.get([position], signal);
    if (commits[0] === undefined) return undefined;
    const { commit, finding } = checkCommit(commits[0], position, undefined, this.#hasher);
    if (finding !== undefined) throw new LogCorrupt(finding);
    return headOf(commit);
  }

  /** A free position proves nothing when old commits were archived: only the predecessor does (S10). */
  async #checkPredecessor(commit: Commit, expected: Head, signal?: AbortSignal): Promise<void> {
    const { start, commits } = await this.#kept.get(expected.position === 0 ? [] : [expected.position], signal);
    const { first } = start;
    if (commit.position < first) {
      await this.#store.remove([commit.position], signal);
      throw new LogArchivedPast(expected.position, first);
    }
    if (expected.position === 0) return;
    const isFirstKept = commit.position === first;
    if (commits[0] === undefined && isFirstKept) return;
    const finding = this.#findingAt(expected, commits[0]);
    if (finding === undefined) return;
    // Nobody who reads from the beginning comes to our commit; left there, it would stop whoever comes to its position.
    await this.#store.remove([commit.position], signal);
    throw new LogCorrupt(finding);
  }

  #findingAt({ position, hash }: Head, stored: unknown): ChainFinding | undefined {
    if (stored === undefined) {
      return { position, problem: 'missing', detail: 'the predecessor of our own commit is not there' };
    }
    const { commit, finding } = checkCommit(stored, position, undefined, this.#hasher);
    if (finding !== undefined) return finding;
    if (commit.hash === hash) return undefined;
    return { position, problem: 'swapped', detail: 'it is not the commit that we decided from' };
  }
}

interface Chunk {
  readonly commits: readonly Commit[];
  readonly bytes: number;
  /** A position was free: nothing follows. */
  readonly isEnd: boolean;
}

function positionsFrom(position: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => position + index);
}

/** Larger while commits are small: a chunk should stay well under {@link READ_BYTES_MAX}. */
function nextChunk(commits: number, bytes: number): number {
  const bytesEach = Math.max(1, bytes / Math.max(1, commits));
  return Math.max(1, Math.min(commits * 8, READ_CHUNK_MAX, Math.floor(READ_BYTES_MAX / 4 / bytesEach)));
}
