import type { FrontCollection } from '../cluster/front.ts';
import { EngineError } from '../engine/errors.ts';
import { ID, KEY, REV, ScannedItem, type SystemAttribute, scanText } from '../engine/json/items.ts';
import { isObject, isText, rawText, valueAt } from '../engine/json/members.ts';
import type { JsonText, WriteItem, WriteResult } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Reply } from '../http/reply.ts';
import { needAdmin, needWritable } from '../http/rights.ts';
import { findCollection } from './document-find.ts';
import { restored } from './restore-body.ts';
import { readAll } from './stored-json.ts';

const DOCUMENT_NOT_FOUND = 1202;

interface Change {
  readonly kind: 'insert' | 'remove';
  readonly item: WriteItem;
}

/**
 * `PUT /_api/replication/restore-data` (7.4): lines of documents, put over what is there under new revisions, and of
 * removals. The first failure is the answer; the others may be in.
 */
export async function restoreData(request: ApiRequest): Promise<Reply> {
  const name = request.query.text('collection');
  if (name === undefined || name === '') throw new ArangoApiError(400, 'invalid collection parameter, not found');
  const collection = findCollection(request, name);
  const changes = readLines(request.body);
  if (collection.name === '_users' && request.database === '_system') return restoreUsers(request, collection, changes);
  needWritable(request, collection.name);
  for (let from = 0; from < changes.length; ) {
    const { kind } = changes[from] as Change;
    let to = from;
    while (to < changes.length && changes[to]?.kind === kind) to++;
    const items = changes.slice(from, to).map((change) => change.item);
    demandSuccess(kind, await collection.write(writeRequest(kind, items)));
    from = to;
  }
  if (collection.name === '_analyzers') collection.database.analyzersChanged();
  return restored();
}

/**
 * Users are matched by their name, and get keys of this deployment. As on a real server removals do nothing, and what cannot
 * be written is left out without a word: it is one query there, which ignores errors.
 */
async function restoreUsers(request: ApiRequest, users: FrontCollection, changes: readonly Change[]): Promise<Reply> {
  needAdmin(request);
  const keys = new Map((await readAll(users)).map((document) => [document.user, String(document._key)]));
  for (const { kind, item } of changes) {
    if (kind === 'remove' || !(item.text instanceof ScannedItem)) continue;
    const user = valueAt(item.text, ['user']);
    const name: unknown = user === undefined ? null : JSON.parse(rawText(user));
    const key = keys.get(name as string);
    const text = without(item.text, KEY, ID);
    const { outcomes } = await users.write(writeRequest(kind, [{ text, ...(key === undefined ? {} : { key }) }]));
    if (outcomes[0]?.ok === true) keys.set(name as string, outcomes[0].key);
  }
  await request.server.deployment.accounts.refresh();
  return restored();
}

/** Given keys are taken as with `isRestore`, but every document gets a revision of this server (BTS-1232). */
function writeRequest(kind: 'insert' | 'remove', items: readonly WriteItem[]) {
  if (kind === 'remove') return { kind, items, bulk: true } as const;
  return { kind, items, bulk: true, isRestore: true, overwriteMode: 'replace' } as const;
}

function demandSuccess(kind: 'insert' | 'remove', result: WriteResult): void {
  for (const outcome of result.outcomes) {
    if (outcome.ok || (kind === 'remove' && outcome.errorNum === DOCUMENT_NOT_FOUND)) continue;
    throw new EngineError(outcome.errorNum, outcome.message);
  }
}

function readLines(body: Buffer): Change[] {
  const changes: Change[] = [];
  for (let start = 0; start < body.length; ) {
    const newline = body.indexOf(0x0a, start);
    const end = newline < 0 ? body.length : newline;
    const line = body.subarray(start, end);
    if (line.toString('latin1').trim() !== '') changes.push(readLine(line));
    start = end + 1;
  }
  return changes;
}

/** A bare document, or an envelope `{"type":2300|2302,"data":{…}}`; a removal may also say `"key":"k"`. */
function readLine(line: Buffer): Change {
  const scanned = scanText(line);
  if (!scanned.isObject) throw new ArangoApiError(600, 'received invalid JSON data');
  const type = valueAt(scanned, ['type']);
  const data = valueAt(scanned, ['data']);
  const typeText = type === undefined ? '' : rawText(type);
  if (typeText === '2302') return { kind: 'remove', item: { text: keyOfRemoval(scanned, data) } };
  if (typeText !== '2300' || data === undefined) return { kind: 'insert', item: { text: without(scanned, REV) } };
  if (!isObject(data)) throw new ArangoApiError(600, 'received invalid JSON data');
  return { kind: 'insert', item: { text: without(scanText(data.bytes, data.start, data.end), REV) } };
}

function keyOfRemoval(line: ScannedItem, data: JsonText | undefined): JsonText {
  const key = (data !== undefined && isObject(data) ? valueAt(data, ['_key']) : undefined) ?? valueAt(line, ['key']);
  if (key === undefined || !isText(key)) throw new ArangoApiError(400, 'a removal without a key');
  return key;
}

/** The same document, as if it had come without these. */
function without(document: ScannedItem, ...attributes: readonly SystemAttribute[]): ScannedItem {
  const present = attributes.filter((attribute) => document.attribute(attribute) !== undefined);
  if (present.length === 0) return document;
  const system = document.system?.slice();
  for (const attribute of present) system?.fill(0, attribute * 2, attribute * 2 + 2);
  return new ScannedItem(document.bytes, document.start, document.end, system, document.runs);
}
