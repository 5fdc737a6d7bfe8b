import type { ArangoDeployment } from '../arango.ts';
import { compareRevisions } from '../revision.ts';
import type { DeferredDocuments } from './deferred.ts';
import { type Operation, removalBy } from './lines.ts';
import type { Run } from './runs.ts';
import type { ShardTarget } from './shard-target.ts';
import { storedVersions } from './stored-revision.ts';

/**
 * What removals are to remove of this very shard. A key does not name a document where shards are chosen by other
 * attributes: other shards may have the same (reference 7.5), and a document that moved is inserted there and removed here
 * in no order. So what is removed is a revision, of what this shard holds.
 */
export class OwnRemovals {
  readonly #deployment: ArangoDeployment;
  readonly #target: ShardTarget;
  readonly #deferred: DeferredDocuments;

  constructor(deployment: ArangoDeployment, target: ShardTarget, deferred: DeferredDocuments) {
    this.#deployment = deployment;
    this.#target = target;
    this.#deferred = deferred;
  }

  /**
   * Removals of the stream that do not tell what they removed, or by revisions that are not kept here, get the revision
   * that the shard holds under the key now; those are left out for which it holds none.
   */
  async named(run: Run, signal: AbortSignal): Promise<Run> {
    const { shardedByKey, keepsRevisions } = this.#target;
    if (run.kind !== 'remove' || shardedByKey || run.cleanup !== undefined) return run;
    const isNamed = ({ revision }: Operation) => keepsRevisions && revision !== '';
    const unnamed = run.operations.filter((operation) => !isNamed(operation));
    if (unnamed.length === 0) return run;
    const stored = new Map((await this.stored(unnamed, signal)).map((removal) => [removal.key, removal]));
    const operations = run.operations.flatMap((operation) => {
      if (isNamed(operation)) return [operation];
      const named = stored.get(operation.key);
      if (named !== undefined) return [{ ...named, bytes: operation.bytes }];
      // There is nothing to remove but what waits for its turn.
      this.#deferred.forget(operation.key);
      return [];
    });
    return { ...run, operations };
  }

  /** Of removals about which the shards disagree, or that may have found another revision, those that are left to do. */
  async left(run: Run, removals: readonly Operation[], signal: AbortSignal): Promise<readonly Operation[]> {
    if (run.cleanup === 'exact') {
      const wanted = new Map(removals.map(({ key, revision }) => [key, revision]));
      return (await this.stored(removals, signal)).filter(({ key, revision }) => wanted.get(key) === revision);
    }
    const left = await this.older(removals, signal);
    const keys = new Set(left.map(({ key }) => key));
    // The others are done, as if the answer had said so.
    if (run.cleanup === undefined) {
      for (const { key } of removals) if (!keys.has(key)) this.#deferred.forget(key);
    }
    return left;
  }

  /**
   * Removals of what the shard holds under the same keys and is no newer than they say. A removal tells the removed
   * revision, or, where that went unnoticed, one of its own (reference 6.5): newer than what was removed and older than
   * what came after it. So what is older goes with either, and what is newer stays.
   */
  async older(removals: readonly Operation[], signal: AbortSignal): Promise<readonly Operation[]> {
    const { shardedByKey, keepsRevisions } = this.#target;
    // They are the source's, and tell nothing of ours.
    const isAny = shardedByKey && !keepsRevisions;
    const limits = new Map(removals.map(({ key, revision }) => [key, isAny ? '' : revision]));
    const stored = await this.stored(removals, signal);
    return stored.filter(({ key, revision }) => {
      const limit = limits.get(key) ?? '';
      return limit === '' || compareRevisions(revision, limit) <= 0;
    });
  }

  /** Removals of what the shard holds under the operations' keys, whatever these say. */
  async stored(operations: readonly Operation[], signal: AbortSignal): Promise<readonly Operation[]> {
    if (operations.length === 0) return [];
    const keys = [...new Set(operations.map(({ key }) => key))];
    const versions = await storedVersions(this.#deployment, this.#target, keys, signal);
    return [...versions].map(([key, { revision, shardKeys }]) => removalBy({ key, revision }, shardKeys));
  }
}
