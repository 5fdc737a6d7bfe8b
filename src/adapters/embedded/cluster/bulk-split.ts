import { ID, itemOf, KEY } from '../engine/json/items.ts';
import { textValue } from '../engine/json/members.ts';
import { isValidKey } from '../engine/keys.ts';
import type { FailedItem, ItemOutcome, KeyGenerator, WriteItem, WriteRequest } from '../engine/types.ts';
import { ArangoApiError, standardText } from '../http/errors.ts';
import type { ShardHash } from './shard-hash.ts';

/** The items of a call that go to one shard, with their places in the call. */
export interface ShardPart {
  readonly items: WriteItem[];
  readonly places: number[];
}

/** A call split by shard. */
export interface Split {
  /** By the shard's index. */
  readonly parts: ReadonlyMap<number, ShardPart>;
  /** Items that go to all shards, because their keys alone do not tell where they are. */
  readonly everywhere: readonly number[];
  /** Items refused by the coordinator itself, by place. */
  readonly refused: ReadonlyMap<number, FailedItem>;
}

/** Splits the items of a write by the shard they belong to, without parsing documents (reference 4.5). */
export function splitByShard(request: WriteRequest, hash: ShardHash, keys: KeyGenerator): Split {
  const parts = new Map<number, ShardPart>();
  const everywhere: number[] = [];
  const refused = new Map<number, FailedItem>();
  const route = routeOf(request, hash);
  request.items.forEach((item, place) => {
    const way = route(item, request, hash, keys);
    if (way.kind === 'refused') refused.set(place, failed(way.errorNum));
    else if (way.kind === 'everywhere') everywhere.push(place);
    else {
      let part = parts.get(way.shard);
      if (part === undefined) {
        part = { items: [], places: [] };
        parts.set(way.shard, part);
      }
      part.items.push(way.item);
      part.places.push(place);
    }
  });
  return { parts, everywhere, refused };
}

type Route = (item: WriteItem, request: WriteRequest, hash: ShardHash, keys: KeyGenerator) => Way;

/** Removals go to the shards that their items name only when each of them does (reference 7.5). */
function routeOf({ kind, items }: WriteRequest, hash: ShardHash): Route {
  if (kind === 'insert') return routeInsert;
  if (hash.byKeyOnly) return routeByKey;
  if (kind !== 'remove') return (item) => routeByShardKeys(item, hash, tellsShard(item, hash));
  const doAllTell = items.every((item) => tellsShard(item, hash));
  return (item) => routeByShardKeys(item, hash, doAllTell);
}

type Way =
  | { readonly kind: 'shard'; readonly shard: number; readonly item: WriteItem }
  | { readonly kind: 'everywhere' }
  | { readonly kind: 'refused'; readonly errorNum: number };

/** What is wrong with an item is judged by the engine: such items may go to any shard. */
const ANY_SHARD = 0;

function routeInsert(item: WriteItem, request: WriteRequest, hash: ShardHash, keys: KeyGenerator): Way {
  const text = item.text === undefined ? undefined : itemOf(item.text);
  if (text?.isObject !== true) return toShard(ANY_SHARD, item);
  const given = text.attribute(KEY);
  if (given === undefined) {
    // A collection of one shard: its leader makes the key, and knows those that were given to it (reference 3.2).
    if (hash.isOneShard) return toShard(ANY_SHARD, item);
    const key = keys.next();
    const shard = hash.byKeyOnly ? hash.ofKey(key) : hash.ofDocument(text, key);
    return toShard(shard, { text, key });
  }
  const key = textValue(given);
  if (key === undefined || !isValidKey(key)) return toShard(ANY_SHARD, item);
  if (request.isRestore !== true) {
    if (!keys.allowUserKeys) return { kind: 'refused', errorNum: 1222 };
    if (!hash.byKeyOnly) return { kind: 'refused', errorNum: 1466 };
  }
  return toShard(hash.byKeyOnly ? hash.ofKey(key) : hash.ofDocument(text, key), item);
}

function routeByKey(item: WriteItem, _request: WriteRequest, hash: ShardHash): Way {
  const key = keyOf(item);
  return toShard(key === undefined ? ANY_SHARD : hash.ofKey(key), item);
}

function routeByShardKeys(item: WriteItem, hash: ShardHash, isTold: boolean): Way {
  const key = keyOf(item);
  if (key === undefined) return toShard(ANY_SHARD, item);
  return isTold ? toShard(hash.ofDocument(item.text, key), item) : { kind: 'everywhere' };
}

/** What has no key is wrong anyhow, and goes to any shard. */
function tellsShard(item: WriteItem, hash: ShardHash): boolean {
  const key = keyOf(item);
  return key === undefined || (item.text !== undefined && hash.tellsAll(item.text, key));
}

function toShard(shard: number, item: WriteItem): Way {
  return { kind: 'shard', shard, item };
}

/** The key of an item that replaces, updates or removes; undefined when it has none (an error that the engine tells). */
export function keyOf(item: WriteItem): string | undefined {
  if (item.key !== undefined) return item.key;
  if (item.text === undefined) return undefined;
  const text = itemOf(item.text);
  if (text.isText) return lastPart(textValue(text) as string);
  if (!text.isObject) return undefined;
  const given = text.attribute(KEY);
  if (given !== undefined) return textValue(given);
  const id = textValue(text.attribute(ID));
  return id === undefined ? undefined : lastPart(id);
}

function lastPart(handle: string): string {
  return handle.slice(handle.lastIndexOf('/') + 1);
}

/** An outcome for an item that no shard took. */
export function failed(errorNum: number, message: string = standardText(errorNum)): FailedItem {
  return { ok: false, errorNum, message, key: undefined, storedRev: undefined, demanded: false };
}

/** The outcome of items sent to all shards: of a single call the only answer that counts, in a bulk the first (4.5). */
export function mergeEverywhere(answers: readonly ItemOutcome[], single: boolean): ItemOutcome {
  const counting = answers.filter((answer) => answer.ok || answer.errorNum !== 1202);
  if (single && counting.length > 1) throw new ArangoApiError(1467, 'got contradicting answers from different shards');
  return counting[0] ?? (answers[0] as ItemOutcome);
}
