import type { ContentQuestion } from '../queue.ts';
import type { RevisionPlace } from '../revision-calls.ts';
import { ContentsDigest, documentsIn } from '../shard-contents.ts';
import type { ShardSenderParts } from './sender-parts.ts';

/** Of one slice: a shard's stream stands still while it is read. Smaller under a limit. */
const SLICE_BYTES = 8 * 1024 * 1024;
const SLICE_DOCUMENTS = 20_000;
/** What a listed revision is in the server's answer. */
const REVISION_BYTES = 14;

/** A slice of a shard at a snapshot, as it is told to a receiver that checks its own. */
export interface ToldContents {
  readonly header: ContentQuestion & { readonly to?: string; readonly count: number; readonly hash: string };
  readonly body: Buffer;
}

/**
 * Reads the slice that begins where the question says, up to a size that is quickly read; a larger document goes alone. It is
 * charged to the limit on reads: whoever asks for the next one has to wait for that first.
 */
export async function tellContents(
  place: RevisionPlace,
  question: ContentQuestion,
  { throttle, limits }: Pick<ShardSenderParts, 'throttle' | 'limits'>,
  signal: AbortSignal,
): Promise<ToldContents> {
  const digest = new ContentsDigest(question.form);
  const chunkBytes = throttle.pieceBytes(limits.copyChunkBytes);
  const [most, mostDocuments] = [throttle.pieceBytes(SLICE_BYTES), throttle.pieceOperations(SLICE_DOCUMENTS)];
  let bytes = 0;
  let to: string | undefined;
  for await (const documents of documentsIn(place, { behind: question.behind, to: undefined }, chunkBytes, signal)) {
    for (const document of documents) digest.add(document);
    const read = documents.reduce((sum, document) => sum + document.bytes.length, 0);
    throttle.charge({ bytes: read + documents.length * REVISION_BYTES, operations: documents.length }, 'copy');
    bytes += read;
    if (bytes < most && digest.count < mostDocuments) continue;
    to = documents.at(-1)?.revision;
    break;
  }
  const rest = to === undefined ? {} : { to };
  return { header: { ...question, ...rest, count: digest.count, hash: digest.hash() }, body: digest.body() };
}
