import type { Collection } from './collection.ts';
import type { Database } from './database.ts';
import type { DocumentVersion } from './document.ts';
import type { JsonObject } from './types.ts';
import { unpinDocuments } from './unpin.ts';

/** A removal in the log; tells the version that it removed, and what its marker calls the revision. */
export class Removal {
  readonly tick: number;
  readonly removed: DocumentVersion;
  readonly rev: string;

  constructor(tick: number, removed: DocumentVersion, rev: string) {
    this.tick = tick;
    this.removed = removed;
    this.rev = rev;
  }

  get collection(): Collection {
    return this.removed.collection;
  }
}

/** A change of structure in the log (types 1100 … 2112 of 6.5). */
export class StructureChange {
  readonly tick: number;
  readonly type: number;
  /** The collection it is about; markers of dropped ones vanish, except 2001. */
  readonly collection: Collection | undefined;
  /** Of a view: its globallyUniqueId. */
  readonly uniqueId: string | undefined;
  readonly data: JsonObject | undefined;

  constructor(
    tick: number,
    type: number,
    about: { collection?: Collection; uniqueId?: string },
    data?: JsonObject | undefined,
  ) {
    this.tick = tick;
    this.type = type;
    this.collection = about.collection;
    this.uniqueId = about.uniqueId ?? about.collection?.globallyUniqueId;
    this.data = data;
  }
}

export type LogEntry = DocumentVersion | Removal | StructureChange;

/** A write batch of RocksDB: the operations of one commit, contiguous in ticks. */
export interface LogBatch {
  readonly start: number;
  readonly end: number;
  /** 0 for a single operation, else the transaction's number: told between 2200 and 2201. */
  readonly transactionId: number;
  readonly database: Database;
  readonly entries: readonly LogEntry[];
  /** What each entry replaced or removed, while the batch is not durable: to take it back. */
  before: (DocumentVersion | undefined)[] | undefined;
  readonly bytes: number;
}

/** Bytes that an entry of the log is counted with, besides its document. */
export const ENTRY_BYTES = 96;

/**
 * The write-ahead log of one server: batches with rising ticks, without gaps between them (6.4). The oldest can be
 * pruned; the newest are lost with the power unless they were synced.
 */
export class WriteAheadLog {
  // What was pruned is undefined until the list is cut.
  #batches: (LogBatch | undefined)[] = [];
  #firstIndex = 0;
  #lastTick = 0;
  #syncedTick = 0;
  #bytes = 0;
  #lastTransactionId = 0;

  get lastTick(): number {
    return this.#lastTick;
  }

  get syncedTick(): number {
    return this.#syncedTick;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Start of the oldest batch that is left; 1 on a young server. */
  get firstTick(): number {
    return this.#batches[this.#firstIndex]?.start ?? this.#lastTick + 1;
  }

  /** Number of batches that are left. */
  get length(): number {
    return this.#batches.length - this.#firstIndex;
  }

  /** The batch at an index from the oldest that is left. */
  batch(index: number): LogBatch | undefined {
    return this.#batches[this.#firstIndex + index];
  }

  nextTransactionId(): number {
    return ++this.#lastTransactionId;
  }

  append(batch: LogBatch): void {
    this.#batches.push(batch);
    this.#lastTick = batch.end;
    this.#bytes += batch.bytes;
  }

  /** Index of the first batch that ends at or behind this tick: the one that contains it, or the first behind it. */
  find(tick: number): number {
    let from = this.#firstIndex;
    let to = this.#batches.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#batches[middle] as LogBatch).end < tick) from = middle + 1;
      else to = middle;
    }
    return from - this.#firstIndex;
  }

  /** Makes everything durable. */
  sync(): number {
    for (let index = this.find(this.#syncedTick + 1); index < this.length; index++) {
      (this.batch(index) as LogBatch).before = undefined;
    }
    this.#syncedTick = this.#lastTick;
    return this.#lastTick;
  }

  /** Removes whole batches that end at or before this tick, but never the newest; they count as durable. */
  prune(upToTick: number): void {
    while (this.length > 1) {
      const batch = this.#batches[this.#firstIndex] as LogBatch;
      if (batch.end > upToTick) break;
      this.#bytes -= batch.bytes;
      this.#syncedTick = Math.max(this.#syncedTick, batch.end);
      this.#batches[this.#firstIndex++] = undefined;
      unpinDocuments(batch.entries);
    }
    if (this.#firstIndex > 1024 && this.#firstIndex * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#firstIndex);
      this.#firstIndex = 0;
    }
  }

  /** Takes off and returns the newest batch, if it is not durable and begins behind this tick. Its ticks are given again. */
  popUnsynced(keptTick: number): LogBatch | undefined {
    const batch = this.batch(this.length - 1);
    if (batch === undefined || batch.start <= Math.max(keptTick, this.#syncedTick)) return undefined;
    this.#batches.pop();
    this.#bytes -= batch.bytes;
    this.#lastTick = batch.start - 1;
    return batch;
  }

  /** Tells every document version and removal of a collection that is in the log. */
  *versionsOf(collection: Collection): Iterable<DocumentVersion> {
    for (let index = 0; index < this.length; index++) {
      for (const entry of (this.batch(index) as LogBatch).entries) {
        if (entry.collection !== collection) continue;
        if (entry instanceof Removal) yield entry.removed;
        else if (!(entry instanceof StructureChange)) yield entry;
      }
    }
  }
}
