import { type CommitHasher, checkCommit } from './chain.ts';
import type { CommitStore, LogStart, StoredCommits } from './commit-store.ts';
import type { Commit } from './log.ts';
import { LogUnavailable } from './log-errors.ts';

const MOVE_ATTEMPTS_MAX = 6;
const MOVE_AGAIN_MS = 100;

export interface KeptCommitsOptions {
  readonly store: CommitStore;
  readonly hasher: CommitHasher;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Whether a log may begin at the commit: it carries what those before it came to (S10). */
export function holdsState(commit: Commit): boolean {
  return commit.events.some(({ type }) => type === 'LogArchived');
}

/** What of the log is kept, and from where on. */
export class KeptCommits {
  readonly #store: CommitStore;
  readonly #hasher: CommitHasher;
  readonly #sleep: KeptCommitsOptions['sleep'];

  constructor({ store, hasher, sleep }: KeptCommitsOptions) {
    this.#store = store;
    this.#hasher = hasher;
    this.#sleep = sleep;
  }

  /**
   * What lies at positions, and where the log begins: at the archived state, unless the log has lost that before anything
   * was removed. Then nothing was archived: it begins where it began before, whatever has come to that position since.
   */
  async get(positions: readonly number[], signal?: AbortSignal): Promise<StoredCommits> {
    const stored = await this.#store.get(positions, signal);
    const { first, oldest } = stored.start;
    if (oldest === first) return stored;
    const { commits } = await this.#store.get([oldest, first], signal);
    const isLost = commits[0] !== undefined && !this.#mayHoldState(commits[1], first);
    return isLost ? { ...stored, start: { first: oldest, oldest } } : stored;
  }

  /** What cannot be read is told by whoever reads it. */
  #mayHoldState(stored: unknown, position: number): boolean {
    if (stored === undefined) return false;
    const { commit, finding } = checkCommit(stored, position, undefined, this.#hasher);
    return finding !== undefined || holdsState(commit);
  }

  /** Never back: another archiving, or a request of an earlier one that comes late, may have moved it further. */
  async moveStart(move: (start: LogStart) => LogStart, signal?: AbortSignal): Promise<LogStart> {
    for (let attempt = 1; attempt <= MOVE_ATTEMPTS_MAX; attempt += 1) {
      const { start, startRevision } = await this.get([], signal);
      const { first, oldest } = move(start);
      const moved = { first: Math.max(first, start.first), oldest: Math.max(oldest, start.oldest) };
      if (moved.first === start.first && moved.oldest === start.oldest) return start;
      if (await this.#store.setStart(moved, startRevision, signal)) return moved;
      await this.#sleep(MOVE_AGAIN_MS, signal);
    }
    throw new LogUnavailable('where the log begins could not be moved: others move it all the time, or nobody answers');
  }
}
