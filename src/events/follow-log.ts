import { headOf } from './chain.ts';
import type { Commit, EventLog, Head } from './log.ts';

export interface FollowOptions {
  /** Ends the iteration; an aborted follower ends without an error. */
  readonly signal: AbortSignal;
  /** Pause after a read that found nothing. */
  readonly intervalMs: number;
  /** Rejects or resolves when the signal fires. May return early, when someone knows of a new commit. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Commits that are held in memory for the follower at once. */
const FOLLOW_LIMIT = 256;

/**
 * Every commit behind `from`, in order, once, for as long as the signal allows. Throws what reading throws
 * (`LogUnavailable`, `LogCorrupt`, `LogArchivedPast`): go on with a new follower from the last commit you took.
 */
export async function* followLog(log: EventLog, from: Head, options: FollowOptions): AsyncGenerator<Commit, void> {
  const { signal, intervalMs, sleep } = options;
  let head = from;
  while (!signal.aborted) {
    try {
      const commits = await log.read(head, FOLLOW_LIMIT, signal);
      for (const commit of commits) {
        if (signal.aborted) return;
        yield commit;
        head = headOf(commit);
      }
      if (commits.length === 0) await sleep(intervalMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }
}
