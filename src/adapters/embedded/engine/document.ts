import type { Collection } from './collection.ts';
import { compareRevisions, decodeRevision, printRevision } from './revision.ts';
import type { StoredDocument } from './types.ts';

/**
 * One version of a document. It stands in its collection as long as it is the current one, in the log as what a marker
 * tells, and in snapshots that see it. Only a rename of the collection changes its bytes, since the server resolves
 * names when it reads (6.5); {@link moveOut} only changes where they lie.
 */
export class DocumentVersion implements StoredDocument {
  readonly collection: Collection;
  readonly key: string;
  readonly revisionHigh: number;
  readonly revisionLow: number;
  /** The `_rev` as given, where it differs from the revision's own text (rubbish under `isRestore`). */
  readonly revisionText: string | undefined;
  buffer: Buffer;
  start: number;
  end: number;
  /** Tick of its marker; 0 before its transaction commits. */
  tick = 0;

  constructor(
    collection: Collection,
    key: string,
    revisionHigh: number,
    revisionLow: number,
    revisionText: string | undefined,
    buffer: Buffer,
    start: number,
    end: number,
  ) {
    this.collection = collection;
    this.key = key;
    this.revisionHigh = revisionHigh;
    this.revisionLow = revisionLow;
    this.revisionText = revisionText;
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }

  get rev(): string {
    return this.revisionText ?? printRevision(this.revisionHigh, this.revisionLow);
  }

  get length(): number {
    return this.end - this.start;
  }

  bytes(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  /** Gives the document memory of its own. */
  moveOut(): void {
    const own = Buffer.allocUnsafeSlow(this.length);
    this.buffer.copy(own, 0, this.start, this.end);
    this.buffer = own;
    this.start = 0;
    this.end = own.length;
  }

  /** The same bytes in another collection (a follower's shard). */
  copyFor(collection: Collection): DocumentVersion {
    const { key, revisionHigh, revisionLow, revisionText, buffer, start, end } = this;
    return new DocumentVersion(collection, key, revisionHigh, revisionLow, revisionText, buffer, start, end);
  }
}

/** The given text when printing the revision would give another one. */
export function deviatingText(given: string, high: number, low: number): string | undefined {
  if (given.length === 11 && given.charCodeAt(0) !== 0x2d && decodeRevision(given) !== undefined && high !== 0) {
    return undefined;
  }
  return printRevision(high, low) === given ? undefined : given;
}

/** The order of storage. */
export function byRevision(a: DocumentVersion, b: DocumentVersion): number {
  return compareRevisions(a.revisionHigh, a.revisionLow, b.revisionHigh, b.revisionLow);
}
