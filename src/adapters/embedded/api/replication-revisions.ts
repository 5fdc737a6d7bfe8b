import type { Batch } from '../engine/batches.ts';
import type { Collection } from '../engine/collection.ts';
import type { DocumentVersion } from '../engine/document.ts';
import { LineWriter } from '../engine/line-writer.ts';
import {
  compareRevisions,
  encodeRevision,
  parseRevision,
  printRevision,
  type Revision,
  revisionValue,
} from '../engine/revision.ts';
import { placeIn } from '../engine/revision-set.ts';
import type { RevisionTree } from '../engine/tree.ts';
import type { Json } from '../engine/types.ts';
import { parseBody } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { bytes, empty, JSON_TYPE, json, jsonText, type Reply } from '../http/reply.ts';
import { needCollection } from '../http/rights.ts';
import { demandEngine } from './replication-engine.ts';

/** Revisions in one answer of `ranges` (5.8.1). */
const REVISIONS_MAX = 65_536;

/** Bytes of documents in one answer. */
const DOCUMENTS_BYTES_MAX = 16 * 1024 * 1024;

interface Target {
  readonly collection: Collection;
  /** Undefined for an unknown batch. */
  readonly batch: Batch | undefined;
}

/** `GET /_api/replication/revisions/tree`: at the batch's snapshot, not now. */
export function getTree(request: ApiRequest): Reply {
  const { collection, batch } = targetOf(request);
  if (batch === undefined) throw new ArangoApiError(4, 'could not generate revision tree');
  const onlyPopulated = request.query.flag('onlyPopulated', false);
  const { initialRangeMin } = request.server.features;
  const printed = (tree: RevisionTree) => tree.toJson(onlyPopulated, initialRangeMin);
  const stored = printed(batch.tree(collection));
  if (!request.query.flag('verification', false)) return jsonText(200, stored);
  const [computedText, storedText] = [printed(batch.computeTree(collection)), stored];
  return jsonText(200, `{"computed":${computedText},"stored":${storedText},"equal":${computedText === storedText}}`);
}

/** `POST /_api/replication/revisions/tree`: rebuilds it from the documents. */
export function rebuildTree(request: ApiRequest): Reply {
  targetOf(request).collection.rebuildTree();
  return empty(204);
}

/** `PUT /_api/replication/revisions/ranges`: the revisions in closed intervals, in parts with `resume`. */
export function listRanges(request: ApiRequest): Reply {
  const target = targetOf(request);
  const { query } = request;
  const isEncoded = request.server.features.encodesAsHlc && query.flag('encodeAsHLC', false);
  const print = isEncoded ? encodeRevision : plainly(request);
  const resumeText = query.text('resumeHLC') ?? query.text('resume');
  const resume = resumeText === undefined ? undefined : parseRevision(resumeText);
  const versions = versionsOf(target);
  const ranges: string[][] = [];
  let total = 0;
  for (const [left, right] of parseRanges(parseBody(request))) {
    // Ranges that were finished before are left out.
    if (resume !== undefined && isBefore(right, resume)) continue;
    const from = resume !== undefined && isBefore(left, resume) ? resume : left;
    const revisions: string[] = [];
    ranges.push(revisions);
    for (let place = placeIn(versions, from.high, from.low); place < versions.length; place++) {
      const version = versions[place] as DocumentVersion;
      const { revisionHigh: high, revisionLow: low } = version;
      if (compareRevisions(high, low, right.high, right.low) > 0) break;
      if (total === REVISIONS_MAX) return json(200, { ranges, ...resumeAt(version, plainly(request), isEncoded) });
      revisions.push(print(high, low));
      total++;
    }
  }
  return json(200, { ranges });
}

/** How a revision is printed where `encodeAsHLC` is not asked for, or not known (5.8.1). */
function plainly(request: ApiRequest): (high: number, low: number) => string {
  return request.server.features.revisionsAreDecimal
    ? (high, low) => revisionValue(high, low).toString()
    : printRevision;
}

function resumeAt(
  { revisionHigh: high, revisionLow: low }: DocumentVersion,
  print: (high: number, low: number) => string,
  encodeAsHLC: boolean,
): object {
  const resume = print(high, low);
  return encodeAsHLC ? { resume, resumeHLC: encodeRevision(high, low) } : { resume };
}

/** `PUT /_api/replication/revisions/documents`: documents by revision, in order, `{}` where there is none. */
export function getDocuments(request: ApiRequest): Reply {
  const target = targetOf(request);
  const wanted = parseRevisions(parseBody(request));
  const chunkSize = Math.min(DOCUMENTS_BYTES_MAX, request.query.integer('chunkSize', DOCUMENTS_BYTES_MAX));
  const versions = versionsOf(target);
  const writer = new LineWriter();
  writer.ascii('[');
  let written = 0;
  for (const { high, low } of wanted) {
    if (written > 0 && writer.length >= chunkSize) break;
    if (written++ > 0) writer.ascii(',');
    const version = versions[placeIn(versions, high, low)];
    if (version?.revisionHigh === high && version.revisionLow === low) {
      writer.bytes(version.buffer, version.start, version.end);
    } else writer.ascii('{}');
  }
  writer.ascii(']');
  return bytes(200, JSON_TYPE, writer.pieces());
}

/** What every call needs (5.8.1): collection, batchId, the right to read. */
function targetOf(request: ApiRequest): Target {
  const engine = demandEngine(request);
  const name = request.query.text('collection');
  if (name === undefined || name === '') throw new ArangoApiError(400, 'invalid collection parameter');
  const batchId = request.query.text('batchId');
  if (batchId === undefined || batchId === '')
    throw new ArangoApiError(400, 'replication revision tree - request misses batchId', 404);
  const collection = engine.demandCollection(request.database, name);
  needCollection(request, collection.name, 'ro');
  if (collection.properties.syncByRevision === false) {
    throw new ArangoApiError(9, 'this collection does not support revision-based replication');
  }
  return { collection, batch: engine.batches.get(batchId) };
}

/** The documents at the snapshot; of an unknown batch silently the current ones, as the server does. */
function versionsOf({ collection, batch }: Target): readonly DocumentVersion[] {
  return batch === undefined ? collection.versions() : batch.versions(collection);
}

function parseRanges(body: Json | undefined): [Revision, Revision][] {
  if (!Array.isArray(body) || body.length === 0) throw badRanges();
  const ranges: [Revision, Revision][] = [];
  for (const pair of body) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') {
      throw badRanges();
    }
    const left = parseRevision(pair[0]);
    const right = parseRevision(pair[1]);
    const previous = ranges.at(-1)?.[1];
    if (!isBefore(left, right) || (previous !== undefined && isBefore(left, previous))) throw badRanges();
    ranges.push([left, right]);
  }
  return ranges;
}

function parseRevisions(body: Json | undefined): Revision[] {
  if (!Array.isArray(body)) throw new ArangoApiError(400, 'expecting an array of revisions');
  return body.map((text) => {
    if (typeof text !== 'string') throw new ArangoApiError(400, 'expecting an array of revisions');
    return parseRevision(text);
  });
}

function badRanges(): ArangoApiError {
  return new ArangoApiError(400, 'expecting a non-empty array of sorted, non-overlapping pairs of revisions');
}

function isBefore(a: Revision, b: Revision): boolean {
  return compareRevisions(a.high, a.low, b.high, b.low) < 0;
}
