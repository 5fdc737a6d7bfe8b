import type { FrontCollection, Operation } from '../cluster/front.ts';
import type { ScannedItem } from '../engine/json/items.ts';
import type { FailedItem, ItemOutcome } from '../engine/types.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError, standardText } from '../http/errors.ts';
import { json, type Reply } from '../http/reply.ts';
import { nameOf, needWritable } from '../http/rights.ts';
import { findCollection } from './document-find.ts';
import {
  edgePrefixes,
  type ImportReading,
  positioned,
  readArray,
  readLines,
  readRows,
  shortened,
} from './import-read.ts';

const DUPLICATE = 1210;
const NOT_FOUND = 1202;

/** `POST /_api/import` in all its forms (reference 3.7). */
export function registerImport(router: Router): void {
  router.prefix('/_api/import', { POST: importDocuments });
}

interface Tally {
  created: number;
  updated: number;
  ignored: number;
  readonly errors: string[];
}

async function importDocuments(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length > 0) {
    throw new ArangoApiError(601, 'superfluous suffix, expecting /_api/import?collection=<identifier>', 400);
  }
  const name = request.query.text('collection') ?? '';
  if (name === '') {
    throw new ArangoApiError(1204, "'collection' is missing, expecting /_api/import?collection=<identifier>");
  }
  const isComplete = request.query.flag('complete', false);
  const read = readerOf(request);
  const collection = findCollection(request, name);
  needWritable(request, collection.name);
  const reading = read({ isEdge: collection.type === 3, prefixes: edgePrefixes(request.query), isComplete });
  return isComplete ? importWhole(request, collection, reading) : importSome(request, collection, reading, {});
}

/** Which form the body has. Rows are told apart by their first line before the collection is looked for, as on the server. */
function readerOf(request: ApiRequest): ReturnType<typeof readRows> {
  switch (formOf(request)) {
    case 'lines':
      return readLines(request.body);
    case 'array':
      return readArray(request.body);
    default:
      return readRows(request.body, request.query.integer('line', 0), request.query.flag('ignoreMissing', false));
  }
}

function formOf(request: ApiRequest): 'lines' | 'array' | 'rows' {
  switch (request.query.text('type')) {
    case 'documents':
      return 'lines';
    case 'list':
    case 'array':
      return 'array';
    case 'auto':
      return /^\s*\[/.test(request.body.subarray(0, 1024).toString('latin1')) ? 'array' : 'lines';
    default:
      return 'rows';
  }
}

/** All or nothing: one transaction, undone at the first error. */
async function importWhole(request: ApiRequest, collection: FrontCollection, reading: ImportReading): Promise<Reply> {
  if (reading.firstError !== undefined) throw new ArangoApiError(reading.firstError);
  const { transactions } = request.server.front;
  const id = request.server.deployment.ids.next();
  const write = [collection.name];
  const spec = { id, database: request.database, read: [], write, exclusive: [], waitForSync: waits(request) };
  const trx = await transactions.begin(spec, nameOf(request.identity));
  try {
    const reply = await importSome(request, collection, reading, { trxId: trx.id });
    await transactions.commit(trx.id);
    return reply;
  } catch (error) {
    await transactions.abort(trx.id);
    throw error;
  }
}

async function importSome(
  request: ApiRequest,
  collection: FrontCollection,
  reading: ImportReading,
  operation: Operation,
): Promise<Reply> {
  if (request.query.flag('overwrite', false)) await collection.truncate(operation);
  const tally: Tally = { created: 0, updated: 0, ignored: 0, errors: [...reading.errors] };
  await store(request, collection, reading.documents, operation, tally);
  const answer = {
    error: false,
    created: tally.created,
    errors: tally.errors.length,
    empty: reading.empty,
    updated: tally.updated,
    ignored: tally.ignored,
    ...(request.query.flag('details', false) ? { details: tally.errors } : {}),
  };
  return json(201, answer);
}

/** Inserts all; then updates or replaces those whose key was there, when that is wished. */
async function store(
  request: ApiRequest,
  collection: FrontCollection,
  documents: readonly ScannedItem[],
  operation: Operation,
  tally: Tally,
): Promise<void> {
  const onDuplicate = request.query.text('onDuplicate') ?? 'error';
  const again: number[] = [];
  const inserted = await writeAll(request, collection, 'insert', documents, operation);
  for (const [position, outcome] of inserted.entries()) {
    if (outcome.ok) tally.created++;
    else if (
      outcome.errorNum !== DUPLICATE ||
      onDuplicate === 'error' ||
      documents[position]?.attribute(0) === undefined
    ) {
      fail(request, tally, documents, position, outcome);
    } else if (onDuplicate === 'update' || onDuplicate === 'replace') again.push(position);
    else tally.ignored++;
  }
  if (again.length === 0) return;
  const kind = onDuplicate === 'update' ? 'update' : 'replace';
  const repeated = again.map((position) => documents[position] as ScannedItem);
  const outcomes = await writeAll(request, collection, kind, repeated, operation);
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.ok) tally.updated++;
    else fail(request, tally, documents, again[index] as number, meant(outcome));
  }
}

async function writeAll(
  request: ApiRequest,
  collection: FrontCollection,
  kind: 'insert' | 'update' | 'replace',
  documents: readonly ScannedItem[],
  operation: Operation,
): Promise<readonly ItemOutcome[]> {
  if (documents.length === 0) return [];
  const items = documents.map((text) => ({ text }));
  const result = await collection.write({ kind, items, bulk: true, waitForSync: waits(request) }, operation);
  return result.outcomes;
}

/** A key that collided and then is not there collided with another unique attribute. */
function meant(outcome: FailedItem): FailedItem {
  return outcome.errorNum === NOT_FOUND ? { ...outcome, errorNum: DUPLICATE } : outcome;
}

function fail(
  request: ApiRequest,
  tally: Tally,
  documents: readonly ScannedItem[],
  position: number,
  outcome: FailedItem,
): void {
  if (request.query.flag('complete', false)) throw new ArangoApiError(outcome.errorNum);
  const document = documents[position];
  const text = document === undefined ? '' : document.bytes.toString('utf8', document.start, document.end);
  tally.errors.push(
    positioned(
      position,
      `creating document failed with error '${standardText(outcome.errorNum)}', offending document: ${shortened(text)}`,
    ),
  );
}

function waits(request: ApiRequest): boolean {
  return request.query.flag('waitForSync', false);
}
