import type { DocumentDifference } from '../../wire/comparisons.ts';
import type { FoundDifference } from './compare-contents.ts';

/** Documents that are named of one shard. */
const NAMED_MAX = 100;
/** Documents that are held apart; a shard that differs in more of them differs as a whole. */
export const FOUND_MAX = 20_000;

/**
 * Documents in which a shard differs. One that was changed has another revision on each side, and is met twice, in slices
 * far from each other: here it is one.
 */
export class FoundDocuments {
  readonly #byKey = new Map<string, FoundDifference>();

  get count(): number {
    return this.#byKey.size;
  }

  get isFull(): boolean {
    return this.#byKey.size >= FOUND_MAX;
  }

  add(differences: readonly FoundDifference[]): void {
    for (const found of differences) {
      const known = this.#byKey.get(found.key);
      if (known === undefined) this.#byKey.set(found.key, found);
      else if (known.difference !== found.difference) {
        const { revision = found.revision } = known;
        const both = { key: found.key, difference: 'altered' as const };
        this.#byKey.set(found.key, revision === undefined ? both : { ...both, revision });
      }
    }
  }

  /** The first of them, in the order of their keys. */
  named(): DocumentDifference[] {
    return [...this.#byKey.values()]
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, NAMED_MAX)
      .map(({ key, difference }) => ({ key, difference }));
  }

  /** Revisions that both sides have, and under which the target holds something else. */
  contentRevisions(): string[] {
    return [...this.#byKey.values()].flatMap(({ difference, revision }) =>
      difference === 'content' && revision !== undefined ? [revision] : [],
    );
  }
}
