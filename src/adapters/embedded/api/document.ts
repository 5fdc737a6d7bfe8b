import type { FrontCollection } from '../cluster/front.ts';
import { type ScannedBody, scanItems } from '../engine/json/items.ts';
import type { WriteItem, WriteKind, WriteRequest } from '../engine/types.ts';
import { isObject } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Reply } from '../http/reply.ts';
import { needCollection, needWritable } from '../http/rights.ts';
import { type AnswerShape, answerBulk, answerSingle } from './document-answer.ts';
import { findCollection, operationOf, revisionHeader } from './document-find.ts';
import { readMany, readOne } from './document-read.ts';

/** `/_api/document` (reference 4.1–4.4). Documents in bodies go to the engine as the bytes they are. */
export function registerDocumentApi(router: Router): void {
  router.prefix('/_api/document', { GET: read, POST: insert, PUT: replace, PATCH: update, DELETE: remove });
}

function read(request: ApiRequest): Promise<Reply> {
  const [name, key] = request.suffix;
  const usage = 'expecting GET /_api/document/<collection>/<key>';
  if (name === undefined || key === undefined) throw new ArangoApiError(1202, usage);
  if (request.suffix.length > 2) throw new ArangoApiError(601, usage, 400);
  const collection = findCollection(request, name);
  needCollection(request, collection.name, 'ro');
  return readOne(request, collection, key);
}

async function insert(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length > 1) {
    throw new ArangoApiError(601, 'superfluous suffix, expecting /_api/document?collection=<identifier>', 400);
  }
  const collection = writable(request, request.suffix[0] ?? collectionParameter(request));
  return write(request, collection, 'insert', scanItems(request.body), undefined);
}

async function replace(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length === 1 && request.query.flag('onlyget', false)) {
    const collection = findCollection(request, request.suffix[0] as string);
    needCollection(request, collection.name, 'ro');
    return readMany(request, collection);
  }
  return modify(request, 'replace');
}

function update(request: ApiRequest): Promise<Reply> {
  return modify(request, 'update');
}

async function modify(request: ApiRequest, kind: 'replace' | 'update'): Promise<Reply> {
  const { suffix } = request;
  if (suffix.length > 2) {
    throw new ArangoApiError(400, `expecting ${request.method} /_api/document/<collectionname>[/<document-key>]`);
  }
  const collection = writable(request, suffix[0] ?? collectionParameter(request));
  const body = scanItems(request.body);
  if (body.isArray !== suffix.length < 2) throw new ArangoApiError(1227);
  return write(request, collection, kind, body, suffix[1]);
}

async function remove(request: ApiRequest): Promise<Reply> {
  const [name, key] = request.suffix;
  if (name === undefined || request.suffix.length > 2) {
    throw new ArangoApiError(400, 'expecting DELETE /_api/document/<collection>/<key> or /_api/document/<collection>');
  }
  const collection = writable(request, name);
  if (key !== undefined) return write(request, collection, 'remove', { isArray: false, items: [] }, key);
  return write(request, collection, 'remove', scanItems(request.body), undefined);
}

function collectionParameter(request: ApiRequest): string {
  const name = request.query.text('collection');
  if (name === undefined || name === '') {
    throw new ArangoApiError(1204, "'collection' is missing, expecting /_api/document?collection=<identifier>");
  }
  return name;
}

function writable(request: ApiRequest, nameOrId: string): FrontCollection {
  const collection = findCollection(request, nameOrId);
  needWritable(request, collection.name);
  return collection;
}

async function write(
  request: ApiRequest,
  collection: FrontCollection,
  kind: WriteKind,
  body: ScannedBody,
  key: string | undefined,
): Promise<Reply> {
  const single = !body.isArray;
  if (single && key === undefined && body.items[0]?.isObject !== true) throw new ArangoApiError(1227);
  if (single && kind !== 'remove' && body.items[0]?.isObject !== true) throw new ArangoApiError(1227);
  const items: readonly WriteItem[] = single
    ? [{ ...(body.items[0] === undefined ? {} : { text: body.items[0] }), ...(key === undefined ? {} : { key }) }]
    : body.items.map((text) => ({ text }));
  refuseBySchema(request, collection);
  const result = await collection.write(writeRequest(request, kind, items, !single), operationOf(request));
  const shape = answerShape(request, kind);
  return single ? answerSingle(request, collection, result, shape) : answerBulk(collection, result, shape);
}

const SCHEMA_VIOLATION = 1620;

/** Schemas are not evaluated here: where `isRestore` does not skip them (9.3 no. 4), nothing counts as fitting one. */
function refuseBySchema({ query, server }: ApiRequest, { properties }: FrontCollection): void {
  const { schema = null } = properties;
  const isChecked = isObject(schema) && schema.level !== 'none';
  const isSkipped = !query.flag('isRestore', false) || query.flag('skipDocumentValidation', false);
  if (isChecked && !isSkipped && server.features.restoreChecksSchema) {
    throw new ArangoApiError(SCHEMA_VIOLATION, 'schema validation failed');
  }
}

function answerShape({ query }: ApiRequest, kind: WriteKind): AnswerShape {
  return {
    syncedStatus: kind === 'remove' ? 200 : 201,
    silent: query.flag('silent', false),
    returnNew: kind !== 'remove' && query.flag('returnNew', false),
    returnOld: query.flag('returnOld', false),
  };
}

/** The parameters of 4.2 and the header `if-match`. */
function writeRequest(request: ApiRequest, kind: WriteKind, items: readonly WriteItem[], bulk: boolean): WriteRequest {
  const { query } = request;
  const overwriteMode = kind === 'insert' ? overwriteModeOf(request) : 'conflict';
  const ifMatch = bulk || kind === 'insert' ? undefined : revisionHeader(request, 'if-match');
  const versionAttribute = query.text('versionAttribute');
  return {
    kind,
    items,
    bulk,
    waitForSync: query.flag('waitForSync', false),
    isRestore: kind !== 'remove' && query.flag('isRestore', false),
    ignoreRevs: query.flag('ignoreRevs', true),
    overwriteMode,
    keepNull: query.flag('keepNull', kind !== 'insert'),
    mergeObjects: query.flag('mergeObjects', true),
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(versionAttribute === undefined || versionAttribute === '' ? {} : { versionAttribute }),
  };
}

function overwriteModeOf({ query }: ApiRequest): 'conflict' | 'ignore' | 'replace' | 'update' {
  const mode = query.text('overwriteMode');
  if (mode === 'conflict' || mode === 'ignore' || mode === 'replace' || mode === 'update') return mode;
  return query.flag('overwrite', false) ? 'replace' : 'conflict';
}
