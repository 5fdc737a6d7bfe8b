import type { DocumentDifference } from '../../wire/comparisons.ts';
import type { FrameHeader } from '../queue.ts';
import { ContentsDigest, type StoredDocument, type ToldDocument, toldDocuments, toldOf } from '../shard-contents.ts';
import type { TargetBatch } from './target-batch.ts';

export type ContentsHeader = Extract<FrameHeader, { kind: 'contents' }>;

/** What holding a slice against the source's came to. */
export interface ComparedSlice {
  readonly isEqual: boolean;
  /** Form `value` only: the documents that differ. */
  readonly differences: readonly FoundDifference[];
}

export interface FoundDifference extends DocumentDifference {
  /** Under which the target holds it; undefined when it lacks it. */
  readonly revision?: string;
}

/** More differences than these in one slice are not named: a shard is not of another mind by single documents then. */
const DIFFERENCES_MAX = 20_000;

/**
 * Holds a slice of the target's shard, at a snapshot, against what the source told of its own at the same place of the
 * stream.
 */
export async function compareContents(
  batch: TargetBatch,
  header: ContentsHeader,
  body: Uint8Array,
  chunkBytes: number,
  signal: AbortSignal,
): Promise<ComparedSlice> {
  const documents = batch.documents({ behind: header.behind, to: header.to }, chunkBytes, signal);
  const compared = header.form === 'text' ? await byText(header, documents) : await byValue(body, documents);
  // Of a snapshot that is gone servers give what is there now.
  await batch.confirm(signal);
  return compared;
}

async function byText(
  header: ContentsHeader,
  documents: AsyncIterable<readonly StoredDocument[]>,
): Promise<ComparedSlice> {
  const digest = new ContentsDigest('text');
  for await (const piece of documents) {
    for (const document of piece) digest.add(document);
    if (digest.count > header.count) return { isEqual: false, differences: [] };
  }
  return { isEqual: digest.count === header.count && digest.hash() === header.hash, differences: [] };
}

async function byValue(body: Uint8Array, documents: AsyncIterable<readonly StoredDocument[]>): Promise<ComparedSlice> {
  const source = new Map(toldDocuments(body).map((told) => [told.revision, told]));
  const differences: FoundDifference[] = [];
  for await (const piece of documents) {
    for (const { revision, bytes } of piece) {
      const told = source.get(revision);
      source.delete(revision);
      differences.push(...differenceOf(told, revision, bytes));
    }
    if (differences.length >= DIFFERENCES_MAX) return { isEqual: false, differences };
  }
  for (const { key } of source.values()) differences.push({ key, difference: 'missing' });
  return { isEqual: differences.length === 0, differences };
}

function differenceOf(told: ToldDocument | undefined, revision: string, bytes: Buffer): readonly FoundDifference[] {
  const own = toldOf(bytes);
  if (told?.digest === own.digest && told.key === own.key) return [];
  if (told === undefined) return [{ key: own.key, difference: 'surplus', revision }];
  if (told.key === own.key) return [{ key: own.key, difference: 'content', revision }];
  // The same revision under another key: what stands here has to go, and the source's is missing.
  return [
    { key: own.key, difference: 'content', revision },
    { key: told.key, difference: 'missing' },
  ];
}
