import type { Batch } from '../engine/batches.ts';
import type { Collection } from '../engine/collection.ts';
import type { DocumentVersion } from '../engine/document.ts';
import { LineWriter } from '../engine/line-writer.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { bytes, DUMP_TYPE, type Reply } from '../http/reply.ts';
import { needCollection } from '../http/rights.ts';
import { demandEngine, flagHeader } from './replication-engine.ts';

const CHUNK_DEFAULT = 128 * 1024;
const CHUNK_MAX = 128 * 1024 * 1024;

const ENVELOPE = Buffer.from('{"type":2300,"data":');
const ENVELOPE_END = Buffer.from('}\n');
const LINE_END = Buffer.from('\n');

/**
 * `GET /_api/replication/dump` (5.4): the documents of a collection at a batch's snapshot, chunk after chunk. The
 * position is kept here; there is no way back to a chunk that was lost.
 */
export function dumpCollection(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const { query } = request;
  const name = query.text('collection');
  if (name === undefined || name === '') throw new ArangoApiError(400, 'invalid collection parameter');
  const batch = engine.batches.get(query.text('batchId') ?? '');
  if (batch === undefined)
    throw new ArangoApiError(400, 'replication dump - request misses or has unknown batchId', 404);
  const collection = engine.database(request.database)?.collection(name);
  if (collection === undefined) throw new ArangoApiError(400, `collection or view not found: ${name}`);
  needCollection(request, collection.name, 'ro');
  const chunkSize = Math.min(CHUNK_MAX, Math.max(1, query.integer('chunkSize', CHUNK_DEFAULT)));
  return nextChunk(batch, collection, chunkSize, query.flag('useEnvelope', true));
}

function nextChunk(batch: Batch, collection: Collection, chunkSize: number, useEnvelope: boolean): Reply {
  const versions = batch.versions(collection);
  const position = batch.position(collection);
  const writer = new LineWriter();
  while (position.next < versions.length && writer.length < chunkSize) {
    writeLine(writer, versions[position.next++] as DocumentVersion, useEnvelope);
  }
  const isEmpty = writer.length === 0;
  if (!isEmpty) position.chunk++;
  return bytes(isEmpty ? 204 : 200, DUMP_TYPE, writer.pieces(), {
    'X-Arango-Replication-Checkmore': flagHeader(writer.length >= chunkSize),
    'X-Arango-Replication-Lastincluded': isEmpty ? '0' : String(position.chunk),
  });
}

function writeLine(writer: LineWriter, version: DocumentVersion, useEnvelope: boolean): void {
  if (useEnvelope) writer.bytes(ENVELOPE);
  writer.bytes(version.buffer, version.start, version.end);
  writer.bytes(useEnvelope ? ENVELOPE_END : LINE_END);
}
