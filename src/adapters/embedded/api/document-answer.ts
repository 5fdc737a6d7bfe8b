import type { FrontCollection } from '../cluster/front.ts';
import type { FailedItem, ItemOutcome, StoredDocument, WriteResult, WrittenItem } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { statusOf } from '../http/errors.ts';
import { bytes, failure, JSON_TYPE, json, jsonText, type Reply } from '../http/reply.ts';

/** How the answer to a write looks (reference 4.2, 4.3). */
export interface AnswerShape {
  /** 201 for inserts, replaces, updates; 200 for removals. */
  readonly syncedStatus: 200 | 201;
  readonly silent: boolean;
  readonly returnNew: boolean;
  readonly returnOld: boolean;
}

/** The answer to a single write, with `etag` and `location`. */
export function answerSingle(
  request: ApiRequest,
  collection: FrontCollection,
  result: WriteResult,
  shape: AnswerShape,
): Reply {
  const outcome = result.outcomes[0] as ItemOutcome;
  if (!outcome.ok) return refuseSingle(collection, outcome, demandedStatus(request));
  const status = result.synced ? shape.syncedStatus : 202;
  if (shape.silent) return json(status, {});
  const pieces = new Pieces();
  writeIdentity(pieces, JSON.stringify(collection.name).slice(1, -1), outcome, shape);
  return bytes(status, JSON_TYPE, pieces.buffers(), identityHeaders(request, collection, outcome));
}

/** An error of a single write; a conflict tells the stored document (1.3). */
export function refuseSingle(collection: FrontCollection, item: FailedItem, ofDemanded: number): Reply {
  if (item.errorNum !== 1200 || item.storedRev === undefined || item.key === undefined) {
    return failure(statusOf(item.errorNum), item.errorNum, item.message);
  }
  return conflict(collection, item.key, item.storedRev, item.demanded ? ofDemanded : 409, item.message);
}

/** Status when a revision that was demanded is not the stored one (9.3 no. 18). */
export function demandedStatus({ headers, server }: ApiRequest): number {
  return headers['if-match'] !== undefined || server.features.demandedRevisionIs412 ? 412 : 409;
}

/** The error body of a revision conflict. */
export function conflict(
  collection: FrontCollection,
  key: string,
  rev: string,
  status: number,
  message: string,
): Reply {
  const stored = { _id: `${collection.name}/${key}`, _key: key, _rev: rev };
  const error = { error: true, code: status, errorNum: 1200, errorMessage: message };
  return json(status, { ...error, ...stored }, { Etag: `"${rev}"` });
}

/** The answer to a bulk: every item in order, failures in place and counted in a header. */
export function answerBulk(collection: FrontCollection, result: WriteResult, shape: AnswerShape): Reply {
  const status = result.synced ? shape.syncedStatus : 202;
  const errors = new ErrorCodes();
  const name = JSON.stringify(collection.name).slice(1, -1);
  const pieces = new Pieces();
  let separator = '[';
  for (const outcome of result.outcomes) {
    if (!outcome.ok) errors.count(outcome.errorNum);
    else if (shape.silent) continue;
    pieces.text(separator);
    separator = ',';
    if (outcome.ok) writeIdentity(pieces, name, outcome, shape);
    else writeFailure(pieces, outcome.errorNum, outcome.message);
  }
  if (shape.silent && errors.none) return jsonText(status, '{}');
  pieces.text(separator === '[' ? '[]' : ']');
  return bytes(status, JSON_TYPE, pieces.buffers(), errors.headers());
}

/** The answer to a bulk read. `wanted` tells the revision that was demanded of each item. */
export function answerReads(items: readonly (StoredDocument | FailedItem)[]): Reply {
  const errors = new ErrorCodes();
  const pieces = new Pieces();
  let separator = '[';
  for (const item of items) {
    pieces.text(separator);
    separator = ',';
    if (isDocument(item)) pieces.bytes(item.bytes());
    else {
      errors.count(item.errorNum);
      writeFailure(pieces, item.errorNum, item.message);
    }
  }
  pieces.text(separator === '[' ? '[]' : ']');
  return bytes(200, JSON_TYPE, pieces.buffers(), errors.headers());
}

function isDocument(item: StoredDocument | FailedItem): item is StoredDocument {
  return !('ok' in item);
}

function identityHeaders(
  request: ApiRequest,
  collection: FrontCollection,
  written: WrittenItem,
): Record<string, string> {
  const database = encodeURIComponent(request.database);
  const path = `${encodeURIComponent(collection.name)}/${encodeURIComponent(written.key)}`;
  return { Etag: `"${written.rev}"`, Location: `/_db/${database}/_api/document/${path}` };
}

function writeIdentity(pieces: Pieces, name: string, written: WrittenItem, shape: AnswerShape): void {
  const { key, rev, oldRev, newDocument, oldDocument } = written;
  // Keys and revisions hold no letter that JSON escapes (4.1); a revision of isRestore can be any text.
  pieces.text(`{"_id":"${name}/${key}","_key":"${key}","_rev":${quoted(rev)}`);
  if (oldRev !== undefined) pieces.text(`,"_oldRev":${quoted(oldRev)}`);
  if (shape.returnNew && newDocument !== undefined) {
    pieces.text(',"new":');
    pieces.bytes(newDocument.bytes());
  }
  if (shape.returnOld && oldDocument !== undefined) {
    pieces.text(',"old":');
    pieces.bytes(oldDocument.bytes());
  }
  pieces.text('}');
}

function quoted(rev: string): string {
  return rev.length === 11 ? `"${rev}"` : JSON.stringify(rev);
}

function writeFailure(pieces: Pieces, errorNum: number, message: string): void {
  pieces.text(`{"error":true,"errorNum":${errorNum},"errorMessage":${JSON.stringify(message)}}`);
}

/** Counts the failures of a bulk for `x-arango-error-codes`. */
class ErrorCodes {
  readonly #counts = new Map<number, number>();

  get none(): boolean {
    return this.#counts.size === 0;
  }

  count(errorNum: number): void {
    this.#counts.set(errorNum, (this.#counts.get(errorNum) ?? 0) + 1);
  }

  headers(): Record<string, string> | undefined {
    if (this.none) return undefined;
    return { 'X-Arango-Error-Codes': JSON.stringify(Object.fromEntries(this.#counts)) };
  }
}

/** Text and documents in turn, without copying the documents. */
class Pieces {
  readonly #buffers: Buffer[] = [];
  #text = '';

  text(text: string): void {
    this.#text += text;
  }

  bytes(piece: Buffer): void {
    this.#flush();
    this.#buffers.push(piece);
  }

  buffers(): readonly Buffer[] {
    this.#flush();
    return this.#buffers;
  }

  #flush(): void {
    if (this.#text === '') return;
    this.#buffers.push(Buffer.from(this.#text));
    this.#text = '';
  }
}
