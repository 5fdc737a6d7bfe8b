/**
 * Maps that were made since a replay began: nobody but it has seen them, so the next event may change them in place
 * instead of copying them once more. Undefined outside of a replay.
 */
let fresh: WeakSet<object> | undefined;

/**
 * Runs a piece of a replay in one go. Its events cost what they change, not what the state holds. The states before and
 * behind it are values like any other; states in between must not be kept. `work` is synchronous: nothing else can
 * happen meanwhile.
 */
export function inOneGo<T>(work: () => T): T {
  const outer = fresh;
  fresh = new WeakSet();
  try {
    return work();
  } finally {
    fresh = outer;
  }
}

/** A map to change: the given one when only the running replay has it, else a copy. */
export function writable<K, V>(map: ReadonlyMap<K, V>): Map<K, V> {
  if (fresh?.has(map)) return map as Map<K, V>;
  const copy = new Map(map);
  fresh?.add(copy);
  return copy;
}

/** The map with one entry set; the given map stays as it is. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return writable(map).set(key, value);
}

/** The map with many entries set. */
export function withEntries<K, V>(map: ReadonlyMap<K, V>, entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  const copy = writable(map);
  for (const [key, value] of entries) copy.set(key, value);
  return copy;
}

/** The map without some keys. */
export function withoutKeys<K, V>(map: ReadonlyMap<K, V>, keys: Iterable<K>): ReadonlyMap<K, V> {
  const copy = writable(map);
  for (const key of keys) copy.delete(key);
  return copy;
}

/** The list with one item more at its end, without the oldest where it would be longer than `limit`. */
export function withNewest<T>(list: readonly T[], item: T, limit: number): readonly T[] {
  const copy = fresh?.has(list) ? (list as T[]) : list.slice(-limit);
  fresh?.add(copy);
  copy.push(item);
  if (copy.length > limit) copy.shift();
  return copy;
}

/** Orders texts by code unit, the same on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether two lists hold the same texts, in whatever order. */
export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  const set = new Set(a);
  return set.size === new Set(b).size && b.every((text) => set.has(text));
}
