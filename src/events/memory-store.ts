import type { CommitStore, LogStart, StoredCommits } from './commit-store.ts';
import type { Commit } from './log.ts';

/**
 * A {@link CommitStore} in memory, for one process: tests, simulations, the demo's dry runs. Keeps texts, like a
 * database, so that nobody can change a commit through a reference.
 */
export class MemoryCommitStore implements CommitStore {
  readonly #texts = new Map<number, string>();
  #start: LogStart = { first: 1, oldest: 1 };
  #startRevision: string | undefined;

  async insert(commit: Commit): Promise<'inserted' | 'taken' | 'unknown'> {
    if (this.#texts.has(commit.position)) return 'taken';
    this.#texts.set(commit.position, JSON.stringify(commit));
    return 'inserted';
  }

  async get(positions: readonly number[]): Promise<StoredCommits> {
    const texts = positions.map((position) => this.#texts.get(position));
    const bytes = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
    const commits = texts.map((text): unknown => (text === undefined ? undefined : JSON.parse(text)));
    return { start: this.#start, startRevision: this.#startRevision, commits, bytes };
  }

  async revisionAt(position: number): Promise<string | undefined> {
    return this.#texts.get(position);
  }

  async count(): Promise<number> {
    return this.#texts.size;
  }

  async setStart(start: LogStart, revision: string | undefined): Promise<boolean> {
    if (revision !== this.#startRevision) return false;
    this.#start = start;
    this.#startRevision = JSON.stringify(start);
    return true;
  }

  async remove(positions: readonly number[]): Promise<void> {
    for (const position of positions) this.#texts.delete(position);
  }

  /** Puts any text at a position, as someone with access to a database could. */
  overwrite(position: number, text: string): void {
    this.#texts.set(position, text);
  }

  textAt(position: number): string | undefined {
    return this.#texts.get(position);
  }
}
