/** Moments remembered: the shards of a worker share the time of their last floor, and report it every second. */
const REMEMBERED_MAX = 256;
const remembered = new Map<number, string>();

/** RFC 3339 of a moment, ms since 1970. */
export function isoTime(atMs: number): string {
  const known = remembered.get(atMs);
  if (known !== undefined) return known;
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  const text = new Date(atMs).toISOString();
  remembered.set(atMs, text);
  return text;
}
