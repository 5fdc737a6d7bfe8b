import type { ArangoError } from '../arango.ts';
import { canonical } from './index-difference.ts';
import { isForWhatItIs, SHELVED_MS } from './shelved-steps.ts';
import type { Step } from './structure-steps.ts';

/** Pause before an index that could not be made is tried again; doubles as long as it fails. Making one reads all documents. */
const AGAIN_FIRST_MS = 2_000;
const AGAIN_MAX_MS = 300_000;

interface Failed {
  readonly database: string;
  readonly collection: string;
  readonly reason: string;
  readonly attempts: number;
  dueAt: number;
}

/**
 * Indexes that could not be made: a unique one over documents that are on their way from one state to the next, for
 * instance (S13). Each is tried again behind longer and longer pauses, and once its collection was caught up with; until
 * then it is told with every report.
 */
export class FailedIndexes {
  readonly #failed = new Map<string, Failed>();

  /** Why the step is not tried now; undefined when it is. */
  putOff(step: Step, now: number): string | undefined {
    const failed = this.#failed.get(canonical(step));
    return failed !== undefined && now < failed.dueAt ? failed.reason : undefined;
  }

  /** What is refused for what it is waits longer from the first time on: no document can change that. */
  failed(step: Step, error: ArangoError, now: number): void {
    if (step.kind !== 'create-index') return;
    const key = canonical(step);
    const attempts = (this.#failed.get(key)?.attempts ?? 0) + 1;
    const firstMs = isForWhatItIs(error) ? SHELVED_MS : AGAIN_FIRST_MS;
    const pauseMs = Math.min(AGAIN_MAX_MS, firstMs * 2 ** Math.min(attempts - 1, 20));
    const { database, collection } = step;
    this.#failed.set(key, { database, collection, reason: error.message, attempts, dueAt: now + pauseMs });
  }

  made(step: Step): void {
    this.#failed.delete(canonical(step));
  }

  /** What is not planned any longer is made, or not wanted. */
  keep(steps: readonly Step[]): void {
    const planned = new Set(steps.map(canonical));
    for (const key of this.#failed.keys()) if (!planned.has(key)) this.#failed.delete(key);
  }

  /** The collection was caught up with: what stood in the way may be gone. */
  retry(database: string, collection: string): void {
    for (const failed of this.#failed.values()) {
      if (failed.database === database && failed.collection === collection) failed.dueAt = -Infinity;
    }
  }

  /** Whether one is to be tried now. */
  isDue(now: number): boolean {
    return [...this.#failed.values()].some(({ dueAt }) => dueAt <= now);
  }
}
