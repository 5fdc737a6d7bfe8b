import { canonicalJson } from '../engine/json/canonical.ts';
import { textValue, valueAt } from '../engine/json/members.ts';
import type { JsonText } from '../engine/types.ts';

/**
 * Which shard a document belongs to: a hash over the canonical text of its shard key values, the same in every
 * deployment, so that equal settings put it into shard i here and there. (Real servers hash otherwise; that a strategy
 * decides which hash is taken, and a missing value counts as null, is the same.)
 */
export class ShardHash {
  readonly #paths: readonly (readonly string[])[];
  readonly #seed: number;
  readonly #shards: number;
  /** Documents are found by their key alone. */
  readonly byKeyOnly: boolean;

  constructor(shardKeys: readonly string[], strategy: string, numberOfShards: number) {
    this.#paths = shardKeys.map((key) => key.split('.'));
    this.#seed = seedOf(strategy);
    this.#shards = numberOfShards;
    this.byKeyOnly = shardKeys.length === 1 && shardKeys[0] === '_key';
  }

  get isOneShard(): boolean {
    return this.#shards === 1;
  }

  /** Of a document sharded by its key. */
  ofKey(key: string): number {
    if (this.#shards === 1) return 0;
    return this.#index(hashText(`"${key}"`, this.#seed));
  }

  /** Of a document with other shard keys; `key` stands for `_key` where that is one of them. */
  ofDocument(text: JsonText | undefined, key: string | undefined): number {
    if (this.#shards === 1) return 0;
    if (this.byKeyOnly)
      return this.ofKey(key ?? textValue(text === undefined ? undefined : valueAt(text, ['_key'])) ?? '');
    let hash = this.#seed;
    for (const path of this.#paths) hash = hashText(`${valueText(text, path, key)},`, hash);
    return this.#index(hash);
  }

  /** Whether the document (or patch) tells all shard keys. */
  tellsAll(text: JsonText | undefined, key: string | undefined): boolean {
    return this.#paths.every((path) => {
      if (isKey(path) && key !== undefined) return true;
      return text !== undefined && valueAt(text, path) !== undefined;
    });
  }

  #index(hash: number): number {
    let mixed = hash ^ (hash >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    return (mixed >>> 0) % this.#shards;
  }
}

function isKey(path: readonly string[]): boolean {
  return path.length === 1 && path[0] === '_key';
}

function valueText(text: JsonText | undefined, path: readonly string[], key: string | undefined): string {
  if (isKey(path) && key !== undefined) return JSON.stringify(key);
  return canonicalJson(text === undefined ? undefined : valueAt(text, path));
}

function seedOf(strategy: string): number {
  return hashText(strategy, 0x811c9dc5 | 0);
}

/** FNV-1a over UTF-16 units. */
function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
