import { compareRevisions, isRevision } from '../revision.ts';
import { ReopenStream, ShardFailed } from './failures.ts';
import { type Operation, removalBy } from './lines.ts';
import { type ShardTarget, shardLabel } from './shard-target.ts';

/** Surplus documents in one piece. */
const SURPLUS_DOCUMENTS = 2_000;

/** What a copy finds in the target's shard: its documents in the order of their revisions, in chunks. */
export interface StoredDocuments {
  /** Undefined behind the last chunk. */
  next(signal: AbortSignal): Promise<readonly Operation[] | undefined>;
}

/**
 * Merges a source's snapshot with what the target's shard held when the copy began, both in the order of their
 * revisions: a document of the target whose revision the source lacks is surplus. Holds one chunk of each in memory,
 * whatever the size of the shard.
 *
 * A surplus document is to be removed by key *and* revision, so that one which the copy has replaced already is spared,
 * and before the source's documents up to its revision are written: two documents of one shard must never have the same
 * revision (reference 4.4).
 */
export class CopyOver {
  readonly #target: ShardTarget;
  readonly #stored: StoredDocuments;
  #chunk: readonly Operation[] = [];
  #at = 0;
  #ended = false;
  #storedTo = '';
  #sourceTo = '';

  constructor(target: ShardTarget, stored: StoredDocuments) {
    this.#target = target;
    this.#stored = stored;
  }

  /** Surplus documents with revisions up to the last of these documents of the source, in pieces. */
  async *surplusUpTo(documents: readonly Operation[], signal: AbortSignal): AsyncGenerator<readonly Operation[]> {
    let surplus: Operation[] = [];
    let stored = await this.#peek(signal);
    for (const document of documents) {
      if (stored === undefined) break;
      this.#checkOrder(document);
      while (stored !== undefined && compareRevisions(stored.revision, document.revision) <= 0) {
        if (stored.revision !== document.revision || stored.key !== document.key) surplus.push(removalBy(stored));
        if (surplus.length === SURPLUS_DOCUMENTS) {
          yield surplus;
          surplus = [];
        }
        this.#at += 1;
        stored = await this.#peek(signal);
      }
    }
    if (surplus.length > 0) yield surplus;
  }

  #checkOrder(document: Operation): void {
    if (this.#sourceTo !== '' && compareRevisions(document.revision, this.#sourceTo) < 0) {
      const why = `the source's documents came out of the order of their revisions at key "${document.key}"`;
      throw new ReopenStream(why, { catchUpBecause: why, copy: true });
    }
    this.#sourceTo = document.revision;
  }

  /** A piece of what is left behind the source's last document, all of it surplus; undefined when there is no more. */
  async nextSurplus(signal: AbortSignal): Promise<readonly Operation[] | undefined> {
    if ((await this.#peek(signal)) === undefined) return undefined;
    const rest = this.#chunk.slice(this.#at).map((stored) => removalBy(stored));
    this.#at = this.#chunk.length;
    return rest;
  }

  async #peek(signal: AbortSignal): Promise<Operation | undefined> {
    while (this.#at >= this.#chunk.length && !this.#ended) {
      const chunk = await this.#stored.next(signal);
      if (chunk === undefined) this.#ended = true;
      else this.#take(chunk);
    }
    return this.#chunk[this.#at];
  }

  #take(chunk: readonly Operation[]): void {
    for (const { key, revision } of chunk) {
      if (!isRevision(revision) || (this.#storedTo !== '' && compareRevisions(revision, this.#storedTo) < 0)) {
        throw new ShardFailed(
          `${shardLabel(this.#target)}: the target's dump is not in the order of its revisions at key "${key}". ` +
            'Drop the collection on the target.',
        );
      }
      this.#storedTo = revision;
    }
    this.#chunk = chunk;
    this.#at = 0;
  }
}
