import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { ChecksumService } from '../services/checksum-service.ts';
import { PageComparison } from '../verification/compare-page.ts';
import type { Core } from './core.ts';

/** A shard that differs in so many looks at both trees in a row is not merely looked at in an unlucky moment. */
const LOOKS_BEFORE = 2;
/** A repair that changed nothing is not tried again before. */
const AGAIN_MS = 30_000;
/** For how long a worker that repairs may give no news. */
const TIMEOUT_MS = 60_000;

/**
 * Catches up shards that differ behind a barrier although all that the source's log held is applied. Nothing that is on its
 * way can make them equal any more: somebody has changed the target past the synchronization, and without a repair a stop
 * that is to leave both sides the same would wait in vain. What differed, and what was moved, is in the log.
 */
export class BarrierRepair {
  readonly #core: Core;
  readonly #checksums: ChecksumService;
  /** Of shards that differ, by key. */
  readonly #looks = new Map<string, { readonly shard: ShardRef; readonly count: number; readonly triedMs: number }>();

  constructor(core: Core, checksums: ChecksumService) {
    this.#core = core;
    this.#checksums = checksums;
  }

  /** Another barrier holds, or none: what was seen before says nothing. */
  begin(): void {
    this.#looks.clear();
  }

  /** What one look at the trees of both sides found. */
  note(shard: ShardRef, isDifferent: boolean): void {
    const key = shardKey(shard);
    if (!isDifferent) {
      this.#looks.delete(key);
      return;
    }
    const { count = 0, triedMs = -Infinity } = this.#looks.get(key) ?? {};
    this.#looks.set(key, { shard, count: count + 1, triedMs });
  }

  /** `waiting`: keys of the shards that are not known to be equal. */
  async step(waiting: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#core.ports;
    const now = clock.monotonicMs();
    const due = [...this.#looks].filter(
      ([key, { count, triedMs }]) => waiting.has(key) && count >= LOOKS_BEFORE && now - triedMs >= AGAIN_MS,
    );
    if (due.length === 0) return;
    for (const [key, look] of due) this.#looks.set(key, { ...look, triedMs: now });
    const options = { by: 'barrier', deep: false, repair: true, timeoutMs: TIMEOUT_MS, onDocuments: () => {} } as const;
    const comparison = new PageComparison(this.#core, this.#checksums, options);
    try {
      const shards = due.map(([, { shard }]) => shard);
      for (const { shard, result, finding } of await comparison.compare(shards, signal)) {
        if (finding !== undefined) logger.warn(`${shardKey(shard)} is ${result} behind the barrier: ${finding.detail}`);
      }
    } finally {
      comparison.close();
    }
  }
}
