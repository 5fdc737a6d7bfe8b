import type { FrontCollection } from '../cluster/front.ts';
import { ID, KEY, REV, type ScannedItem, scanItems } from '../engine/json/items.ts';
import { textValue } from '../engine/json/members.ts';
import type { FailedItem, StoredDocument } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError, standardText } from '../http/errors.ts';
import { bytes, empty, JSON_TYPE, type Reply } from '../http/reply.ts';
import { answerReads, conflict } from './document-answer.ts';
import { operationOf, revisionHeader } from './document-find.ts';

const CONFLICT = 'conflict, _rev values do not match';

/** `GET /_api/document/{c}/{key}`. */
export async function readOne(request: ApiRequest, collection: FrontCollection, key: string): Promise<Reply> {
  const document = await collection.get(key, operationOf(request));
  if (document === undefined) throw new ArangoApiError(1202);
  const etag = { Etag: `"${document.rev}"`, ...dirtyRead(request) };
  if (revisionHeader(request, 'if-none-match') === document.rev) return empty(304, etag);
  const wanted = revisionHeader(request, 'if-match');
  if (wanted !== undefined && wanted !== document.rev) return conflict(collection, key, document.rev, 412, CONFLICT);
  return bytes(200, JSON_TYPE, [document.bytes()], etag);
}

/** `PUT /_api/document/{c}?onlyget=true`. */
export async function readMany(request: ApiRequest, collection: FrontCollection): Promise<Reply> {
  const body = scanItems(request.body);
  if (!body.isArray) throw new ArangoApiError(1227);
  const ignoreRevs = request.query.flag('ignoreRevs', true);
  const wishes = body.items.map(readWish);
  const keys = wishes.map((wish) => (typeof wish === 'number' ? '' : wish.key));
  const documents = await collection.getAll(keys, operationOf(request));
  const items = wishes.map((wish, index) => judge(wish, documents[index], ignoreRevs));
  return answerReads(items);
}

interface Wish {
  readonly key: string;
  readonly rev: string | undefined;
}

/** Which document an item asks for, or the number of its error (4.3). */
function readWish(item: ScannedItem): Wish | number {
  if (item.isText) return { key: keyOf(textValue(item) as string), rev: undefined };
  if (!item.isObject) return 1227;
  const key = item.attribute(KEY);
  const id = textValue(item.attribute(ID));
  if (key === undefined && id === undefined) return 1205;
  const name = key === undefined ? keyOf(id as string) : textValue(key);
  if (name === undefined || name === '') return 1221;
  return { key: name, rev: textValue(item.attribute(REV)) };
}

function keyOf(handle: string): string {
  return handle.slice(handle.lastIndexOf('/') + 1);
}

function judge(
  wish: Wish | number,
  document: StoredDocument | undefined,
  ignoreRevs: boolean,
): StoredDocument | FailedItem {
  if (typeof wish === 'number') return failed(wish, standardText(wish));
  if (document === undefined) return failed(1202, standardText(1202));
  if (!ignoreRevs && wish.rev !== undefined && wish.rev !== document.rev) return failed(1200, CONFLICT);
  return document;
}

function failed(errorNum: number, message: string): FailedItem {
  return { ok: false, errorNum, message, key: undefined, storedRev: undefined, demanded: false };
}

function dirtyRead(request: ApiRequest): Record<string, string> {
  const wanted = request.headers['x-arango-allow-dirty-read'] === 'true' && request.server.role === 'coordinator';
  return wanted ? { 'X-Arango-Potential-Dirty-Read': 'true' } : {};
}
