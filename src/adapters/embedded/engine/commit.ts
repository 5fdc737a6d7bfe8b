import type { Collection } from './collection.ts';
import type { Database } from './database.ts';
import type { DocumentVersion } from './document.ts';
import { ENTRY_BYTES, type LogEntry, Removal } from './log.ts';
import type { ServerState } from './state.ts';
import type { DocumentChange } from './types.ts';

/**
 * One commit in the making: applies changes to the collections and gives them ticks, and becomes one batch of the log
 * when it is closed. Ticks by 6.4 and 6.7.
 */
export class Commit {
  readonly changes: DocumentChange[] = [];
  readonly #state: ServerState;
  readonly #database: Database;
  readonly #entries: LogEntry[] = [];
  readonly #before: (DocumentVersion | undefined)[] = [];
  readonly #start: number;
  #next: number;
  #bytes = ENTRY_BYTES;

  constructor(state: ServerState, database: Database) {
    this.#state = state;
    this.#database = database;
    this.#start = state.log.lastTick + 1;
    this.#next = this.#start;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** An insert takes two ticks and one per index entry, and its marker has the first; an update removes the old first. */
  put(version: DocumentVersion, before: DocumentVersion | undefined): void {
    const { collection } = version;
    const cost = 2 + collection.entriesPerDocument;
    version.tick = before === undefined ? this.#next : this.#next + 1;
    this.#next += before === undefined ? cost : 2 * cost;
    collection.put(version, before);
    this.#entries.push(version);
    this.#before.push(before);
    this.#bytes += ENTRY_BYTES + version.length;
    this.changes.push({ kind: 'put', document: version });
  }

  /** A removal's marker has the tick of the primary index's entry. */
  remove(version: DocumentVersion): void {
    const { collection } = version;
    const tick = this.#next + 1;
    this.#next += 2 + collection.entriesPerDocument;
    collection.remove(version, tick);
    this.#entries.push(new Removal(tick, version, this.#toldRevision(version)));
    this.#before.push(version);
    this.#bytes += ENTRY_BYTES;
    this.changes.push({ kind: 'remove', key: version.key, rev: version.rev });
  }

  /** What 2302 tells as the revision (6.5). */
  #toldRevision(removed: DocumentVersion): string {
    const { features, clock } = this.#state;
    return features().removalTellsRevision ? removed.rev : clock.next();
  }

  /** Writes the batch, if there is anything to write. `asTransaction`: with 2200 and 2201; `id`: under this number. */
  close(asTransaction: boolean, id?: number): void {
    if (this.#entries.length === 0) return;
    const { log } = this.#state;
    log.append({
      start: this.#start,
      end: this.#next - 1,
      transactionId: asTransaction ? (id ?? log.nextTransactionId()) : 0,
      database: this.#database,
      entries: this.#entries,
      before: this.#before,
      bytes: this.#bytes,
    });
  }
}

/** Removes all documents one by one, with commits in between (6.5: at most 10 000 operations each, one transaction number). */
export function removeOneByOne(state: ServerState, collection: Collection): DocumentChange[] {
  const versions = collection.versions();
  const id = state.log.nextTransactionId();
  const changes: DocumentChange[] = [];
  for (let from = 0; from < versions.length; from += INTERMEDIATE_COMMIT_OPERATIONS) {
    const commit = new Commit(state, collection.database);
    for (const version of versions.slice(from, from + INTERMEDIATE_COMMIT_OPERATIONS)) commit.remove(version);
    commit.close(true, id);
    for (const change of commit.changes) changes.push(change);
  }
  return changes;
}

const INTERMEDIATE_COMMIT_OPERATIONS = 10_000;
