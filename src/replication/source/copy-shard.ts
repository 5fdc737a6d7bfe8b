import { throwIfError } from '../answers.ts';
import { type ArangoAnswer, type ArangoRequest, type ArangoServer, ArangoUnreachable } from '../arango.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { SharedBatch } from './batches.ts';
import { StreamBroken } from './broken.ts';
import { readPiece } from './read-throttle.ts';
import type { ShardStream } from './shard-stream.ts';
import type { ShardPlace } from './topology.ts';

/** One chunk can take long: the server may have to read gigabytes of others' versions. */
const DUMP_TIMEOUT_MS = 300_000;
const NEWLINE = 0x0a;

export interface CopyParts {
  readonly server: ArangoServer;
  readonly place: ShardPlace;
  readonly batch: SharedBatch;
  readonly chunkBytes: number;
  readonly throttle: Throttle;
  readonly now: () => number;
  readonly onDocuments: (count: number, bytes: number) => void;
}

/**
 * Sends a snapshot of a shard, in the server's order: by revision (reference 5.4). The next chunk is read while the one
 * before is sent. A chunk that is lost on the way cannot be asked for again: then the stream breaks.
 */
export async function copyShard(stream: ShardStream, parts: CopyParts, signal: AbortSignal): Promise<void> {
  const either = AbortSignal.any([signal, parts.batch.lost]);
  let next = readChunk(stream, parts, either);
  for (;;) {
    const answer = await next;
    const isLast = isLastChunk(answer);
    if (!isLast) {
      next = readChunk(stream, parts, either);
      // Its failure is met when it is waited for.
      next.catch(() => undefined);
    }
    await stream.roomy('copy', either);
    const documents = linesIn(answer.body);
    stream.copy(answer.body, documents, isLast, parts.now());
    parts.onDocuments(documents, answer.body.length);
    if (isLast) return;
  }
}

export function isLastChunk({ status, headers }: ArangoAnswer): boolean {
  return status === 204 || headers['x-arango-replication-checkmore'] !== 'true';
}

/** The next documents of the snapshot, within the limit on reads. One that is lost on the way breaks the stream. */
export function readChunk(
  stream: ShardStream,
  parts: Omit<CopyParts, 'onDocuments' | 'now'>,
  signal: AbortSignal,
): Promise<ArangoAnswer> {
  const bytes = parts.throttle.pieceBytes(parts.chunkBytes);
  const cost = ({ body }: ArangoAnswer) => ({ bytes: body.length, operations: linesIn(body) });
  return readPiece(stream, parts.throttle, bytes, () => dump(parts, bytes, signal), cost, signal);
}

async function dump(
  { server, place, batch }: Pick<CopyParts, 'server' | 'place' | 'batch'>,
  chunkBytes: number,
  signal: AbortSignal,
): Promise<ArangoAnswer> {
  const request: ArangoRequest = {
    method: 'GET',
    path: '/_api/replication/dump',
    database: place.database,
    query: { collection: place.shard, batchId: batch.id, useEnvelope: false, chunkSize: chunkBytes },
    repeatable: false,
    timeoutMs: DUMP_TIMEOUT_MS,
    signal,
  };
  try {
    const answer = await server.request(request);
    throwIfError(request, answer);
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ArangoUnreachable)) throw error;
    throw new StreamBroken('snapshot-lost', `a piece of the snapshot was lost: ${error.message}`, {
      retryAfterMs: 1_000,
    });
  }
}

function linesIn(body: Buffer): number {
  let lines = 0;
  for (let at = body.indexOf(NEWLINE); at !== -1; at = body.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}
