import { createHash, type Hash } from 'node:crypto';
import { documentValue } from './document-value.ts';
import type { ContentQuestion } from './queue.ts';
import { decodeRevision } from './revision.ts';
import { documentsAt, type RevisionPlace, revisionsAt } from './revision-calls.ts';
import { rangeText } from './revision-tree.ts';

/** Revisions that one call asks the documents of: its body is some tens of KiB. */
const REVISIONS_PER_CALL = 5_000;
/** Letters of the digest of one document: 64 bits tell a few thousand documents apart beyond doubt. */
const DIGEST_LETTERS = 16;
const REVISION_MIN = 1n;
const REVISION_MAX = (1n << 64n) - 1n;
const TAB = '\t';

/** One document of a shard at a snapshot. */
export interface StoredDocument {
  readonly revision: string;
  readonly bytes: Buffer;
}

/** Where a slice of a shard lies in the order of its revisions. */
export interface Slice {
  /** It begins behind this revision; undefined: at the first. */
  readonly behind: string | undefined;
  /** Its last revision; undefined: to the end of the shard. */
  readonly to: string | undefined;
}

/** A snapshot does not hold what it listed: what was read of it means nothing. */
export class SnapshotLost extends Error {
  override readonly name = 'SnapshotLost';
}

/** The documents of a slice in the order of their revisions, in pieces of about `chunkBytes`. */
export async function* documentsIn(
  place: RevisionPlace,
  { behind, to }: Slice,
  chunkBytes: number,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredDocument[]> {
  const from = behind === undefined ? REVISION_MIN : decodeRevision(behind) + 1n;
  const last = to === undefined ? REVISION_MAX : decodeRevision(to);
  if (from > last) return;
  // A range of one revision is none to a server; what lies behind the last one is left out below.
  const ranges = [rangeText([from, last > from ? last : last + 1n])];
  let resume: string | undefined;
  do {
    const page = await revisionsAt(place, { ranges, resume }, signal);
    const wanted = page.revisions.filter((revision) => decodeRevision(revision) <= last);
    for (let at = 0; at < wanted.length; at += REVISIONS_PER_CALL) {
      yield* documentsOf(place, wanted.slice(at, at + REVISIONS_PER_CALL), chunkBytes, signal);
    }
    resume = page.resume;
  } while (resume !== undefined);
}

async function* documentsOf(
  place: RevisionPlace,
  revisions: readonly string[],
  chunkBytes: number,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredDocument[]> {
  let at = 0;
  for await (const found of documentsAt(place, revisions, chunkBytes, signal)) {
    yield found.map((bytes, index): StoredDocument => {
      const revision = revisions[at + index];
      if (bytes === undefined || revision === undefined) {
        throw new SnapshotLost(`the snapshot of ${place.shard} has lost what it listed`);
      }
      return { revision, bytes };
    });
    at += found.length;
  }
}

/** What a document of a slice is told by. */
export interface ToldDocument {
  readonly revision: string;
  readonly digest: string;
  readonly key: string;
}

/** Takes the documents of a slice, in their order, and tells what they hold without them. */
export class ContentsDigest {
  readonly #form: ContentQuestion['form'];
  readonly #hash: Hash = createHash('sha256');
  readonly #lines: string[] = [];
  #count = 0;

  constructor(form: ContentQuestion['form']) {
    this.#form = form;
  }

  get count(): number {
    return this.#count;
  }

  add({ revision, bytes }: StoredDocument): void {
    this.#count += 1;
    if (this.#form === 'value') this.#lines.push(lineOf({ revision, ...toldOf(bytes) }));
    // With its length: no other documents read the same in one go.
    this.#hash.update(`${revision} ${bytes.length} `).update(bytes);
  }

  /** Nothing can be added after it. */
  hash(): string {
    return this.#hash.digest('hex');
  }

  /** Form `value` only: a line for each document. */
  body(): Buffer {
    return Buffer.from(this.#lines.join(''), 'utf8');
  }
}

/** Key, and digest of what a document means. */
export function toldOf(bytes: Uint8Array): Omit<ToldDocument, 'revision'> {
  const value = documentValue(bytes);
  const digest = createHash('sha256').update(value).digest('hex').slice(0, DIGEST_LETTERS);
  return { digest, key: keyIn(value) };
}

/** Attributes stand in the order of their names, and texts as JSON.stringify writes them. */
const KEY = /"_key":("(?:[^"\\]|\\.)*")/;

function keyIn(value: string): string {
  const [, key] = KEY.exec(value) ?? [];
  if (key === undefined) throw new Error('a document has no _key');
  return JSON.parse(key) as string;
}

/** What documents are told by, as {@link toldDocuments} reads it. */
export function tellDocuments(documents: readonly StoredDocument[]): Buffer {
  return Buffer.from(documents.map(({ revision, bytes }) => lineOf({ revision, ...toldOf(bytes) })).join(''), 'utf8');
}

function lineOf({ revision, digest, key }: ToldDocument): string {
  return `${[revision, digest, JSON.stringify(key)].join(TAB)}\n`;
}

/** What {@link ContentsDigest.body} and {@link tellDocuments} hold. Throws for what they cannot have made. */
export function toldDocuments(body: Uint8Array): ToldDocument[] {
  const lines = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8').split('\n');
  if (lines.pop() !== '') throw new Error('a list of documents ends inside of a line');
  return lines.map((line) => {
    const [revision, digest, key] = line.split(TAB);
    if (revision === undefined || digest === undefined || key === undefined) {
      throw new Error(`"${line}" is no line of a list of documents`);
    }
    return { revision, digest, key: JSON.parse(key) as string };
  });
}
