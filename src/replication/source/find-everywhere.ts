import { type CollectionPlace, documentsByKey, KEYS_AT_ONCE } from '../documents-by-key.ts';
import { StreamBroken } from './broken.ts';
import { type Environment, pause } from './environment.ts';

/** A document that moves from shard to shard while both are read looks as if it stood in both: looked at again. */
const LOOKS_MAX = 4;
const LOOK_AGAIN_MS = 250;

/**
 * What a collection that is not distributed by its keys has under these keys now, in whichever shard; in no order. Throws
 * {@link StreamBroken} when a key stands in two shards: elsewhere there is but one place for it.
 */
export async function findEverywhere(
  shards: readonly CollectionPlace[],
  keys: readonly string[],
  environment: Environment,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const found: Buffer[] = [];
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    found.push(...(await findSome(shards, keys.slice(at, at + KEYS_AT_ONCE), environment, signal)));
  }
  return found;
}

async function findSome(
  shards: readonly CollectionPlace[],
  keys: readonly string[],
  environment: Environment,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  for (let look = 1; ; look += 1) {
    const byShard = await Promise.all(shards.map((shard) => documentsByKey(shard, keys, signal)));
    const twice = keys.findIndex((_, index) => byShard.filter((found) => found[index] !== undefined).length > 1);
    if (twice === -1) return keys.flatMap((_, index) => byShard.flatMap((found) => found[index] ?? []));
    if (look === LOOKS_MAX) {
      const names = shards
        .filter((_, shard) => byShard[shard]?.[twice] !== undefined)
        .map(({ collection }) => collection);
      const reason = `key "${keys[twice]}" stands in ${names.join(' and in ')}, the target has one place for it: remove one of them`;
      throw new StreamBroken('duplicate-key', reason);
    }
    await pause(environment, LOOK_AGAIN_MS, signal);
  }
}
