import type { Collection } from './collection.ts';
import { byRevision, type DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import type { ServerState } from './state.ts';
import type { RevisionTree } from './tree.ts';
import type { EngineBatch } from './types.ts';

/** Without a ttl, or one that is not positive (5.1). */
const TTL_DEFAULT_S = 7200;

/** How far a dump of one collection has come in one batch (5.4). */
export interface DumpPosition {
  next: number;
  chunk: number;
}

/**
 * A snapshot of the whole server at a tick. Making one only holds the tick; what a collection looked like is put
 * together when it is asked for.
 */
export class Batch implements EngineBatch {
  readonly id: string;
  readonly lastTick: number;
  ttlMs: number;
  expiresAt: number;
  readonly #versions = new Map<Collection, readonly DocumentVersion[]>();
  readonly #trees = new Map<Collection, RevisionTree>();
  readonly #positions = new Map<Collection, DumpPosition>();

  constructor(id: string, lastTick: number, ttlMs: number, now: number) {
    this.id = id;
    this.lastTick = lastTick;
    this.ttlMs = ttlMs;
    this.expiresAt = now + ttlMs;
  }

  /** The collection's documents at the snapshot, by revision. */
  versions(collection: Collection): readonly DocumentVersion[] {
    let versions = this.#versions.get(collection);
    if (versions === undefined) {
      versions = versionsAt(collection, this.lastTick);
      this.#versions.set(collection, versions);
    }
    return versions;
  }

  /** The collection's tree at the snapshot, not now. */
  tree(collection: Collection): RevisionTree {
    if (collection.lastChangeTick <= this.lastTick) return collection.tree;
    let tree = this.#trees.get(collection);
    if (tree === undefined) {
      tree = this.computeTree(collection);
      this.#trees.set(collection, tree);
    }
    return tree;
  }

  /** The tree made anew from the documents at the snapshot. */
  computeTree(collection: Collection): RevisionTree {
    const tree = collection.emptyTreeAt(this.lastTick);
    for (const version of this.versions(collection)) tree.add(version.revisionHigh, version.revisionLow);
    return tree;
  }

  position(collection: Collection): DumpPosition {
    let position = this.#positions.get(collection);
    if (position === undefined) {
      position = { next: 0, chunk: 0 };
      this.#positions.set(collection, position);
    }
    return position;
  }
}

/** The batches of one server. Each use renews one; without use it ends after its ttl. */
export class Batches {
  readonly #state: ServerState;
  readonly #batches = new Map<string, Batch>();

  constructor(state: ServerState) {
    this.#state = state;
  }

  create(ttlSeconds: number): Batch {
    this.expire();
    const { ids, log, snapshots, environment } = this.#state;
    const batch = new Batch(ids.next(), log.lastTick, ttlMsOf(ttlSeconds), environment.now());
    snapshots.hold(batch.lastTick);
    this.#batches.set(batch.id, batch);
    return batch;
  }

  /** The batch, renewed; undefined when it is unknown or has expired. */
  get(id: string): Batch | undefined {
    this.expire();
    const batch = this.#batches.get(id);
    if (batch !== undefined) batch.expiresAt = this.#state.environment.now() + batch.ttlMs;
    return batch;
  }

  /** As {@link get}; 404/1600 when there is none. */
  demand(id: string): Batch {
    const batch = this.get(id);
    if (batch === undefined) throw new EngineError(1600, 'cursor not found');
    return batch;
  }

  extend(id: string, ttlSeconds: number): Batch {
    const batch = this.demand(id);
    batch.ttlMs = ttlMsOf(ttlSeconds);
    batch.expiresAt = this.#state.environment.now() + batch.ttlMs;
    return batch;
  }

  delete(id: string): Batch {
    const batch = this.demand(id);
    this.#end(batch);
    return batch;
  }

  expire(): void {
    const now = this.#state.environment.now();
    for (const batch of this.#batches.values()) if (batch.expiresAt < now) this.#end(batch);
  }

  clear(): void {
    for (const batch of this.#batches.values()) this.#end(batch);
  }

  /** The smallest tick that a batch was made at; Infinity when there is none. */
  oldestTick(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#batches.values()].map((batch) => batch.lastTick));
  }

  #end(batch: Batch): void {
    this.#batches.delete(batch.id);
    this.#state.snapshots.release(batch.lastTick);
  }
}

function versionsAt(collection: Collection, tick: number): DocumentVersion[] {
  const current = collection.versions();
  if (collection.lastChangeTick <= tick) return current;
  const seen = current.filter((version) => version.tick <= tick);
  const past = collection.history.allAt(tick);
  if (past.length === 0) return seen;
  return [...seen, ...past].sort(byRevision);
}

function ttlMsOf(seconds: number): number {
  return (seconds > 0 ? seconds : TTL_DEFAULT_S) * 1000;
}
