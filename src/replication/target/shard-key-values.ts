import type { ShardKeys } from './lines.ts';

/**
 * The values by which a coordinator finds a document's shard, to stand in a removal beside its key (reference 7.5: a
 * missing one is null to the hash). Undefined where they cannot be repeated exactly: a removal that goes to the wrong shard
 * removes nothing, one that goes to all shards only needs more of them.
 */
export function shardKeyValues(
  keys: readonly string[],
  document: Readonly<Record<string, unknown>>,
): ShardKeys | undefined {
  const entries = keys.filter((key) => key !== '_key').map((key) => [key, document[key] ?? null] as const);
  return entries.every(([key, value]) => isWholeAttribute(key) && isRepeatable(value))
    ? Object.fromEntries(entries)
    : undefined;
}

/** `:_key` and `_key:` stand for a part of the key; a dot could be read as a path. */
function isWholeAttribute(key: string): boolean {
  return !/[.:]/.test(key);
}

/** Whether it is written as it was read. */
function isRepeatable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}
