import { ArangoError, ArangoUnreachable, REFUSED_AT_THE_DOOR } from '../arango.ts';

/**
 * What an error of a write means for a replicator (reference 1.4):
 * - `contention`: a lock, or a write that conflicts with one of before: soon over.
 * - `unavailable`: a server is away, a leader changes, an outcome is unknown: repeat the same, it is idempotent.
 * - `not-writable`: the write concern is not met, or the server is read-only for us: takes operators' time.
 * - `too-large`: the batch asks for more memory than there is: half of it.
 * - `oversized`: the document alone is more than any server takes.
 * - `invalid-text`: the document's text is none for this server: newer ones refuse what older ones have stored.
 * - `no-right`: the login was refused.
 * - `gone`: the collection or database is not there.
 * - `absent`: the document is not there.
 * - `replaced`: the document has another revision than the demanded one.
 * - `unique`: a secondary unique index refuses it.
 * - `shard-key`: the stored document has other values of the shard keys.
 * - `routing`: shards gave different answers for one key.
 * - `refused`: the document itself; repeating does not help.
 */
export type ErrorMeaning =
  | 'contention'
  | 'unavailable'
  | 'not-writable'
  | 'too-large'
  | 'oversized'
  | 'invalid-text'
  | 'no-right'
  | 'gone'
  | 'absent'
  | 'replaced'
  | 'unique'
  | 'shard-key'
  | 'routing'
  | 'refused';

const MEANINGS = new Map<number, ErrorMeaning>([
  ...numbers('contention', [18, 21, 28, 29, 409, 1302, 1303]),
  // 1429: not enough replicas (3.12); 1400–1404, 1446–1448: a follower lost its leader; 1000: a server that shuts down.
  ...numbers('unavailable', [30, 38, 500, 502, 503, 504, 1000, 1238, 1400, 1401, 1402, 1403, 1404, 1446, 1447, 1448]),
  ...numbers(
    'unavailable',
    [1456, 1457, 1464, 1465, 1472, 1478, 1481, 1489, 1490, 1491, 1492, 1495, 1496, 1654, 21003, 21004],
  ),
  ...numbers('not-writable', [1004, 1429]),
  ...numbers('too-large', [3, 32, 413]),
  ...numbers('oversized', [1216]),
  ...numbers('invalid-text', [600, 1220]),
  ...numbers('no-right', [11, 401, 403]),
  ...numbers('gone', [1203, 1228]),
  ...numbers('absent', [1202]),
  ...numbers('unique', [1210]),
  ...numbers('shard-key', [1469]),
  ...numbers('routing', [1467]),
]);

function numbers(meaning: ErrorMeaning, list: readonly number[]): readonly [number, ErrorMeaning][] {
  return list.map((number) => [number, meaning]);
}

/** 1200 is both a demanded revision that is not there and a lock that was not given: only the text tells (reference 1.4). */
const REVISION_CONFLICT = /_rev values do not match/;

/** The meaning of an error number. A number that nobody explains is `refused`: shown, never waited out. */
export function meaningOf(errorNum: number, message: string): ErrorMeaning {
  if (errorNum === 1200) return REVISION_CONFLICT.test(message) ? 'replaced' : 'contention';
  return MEANINGS.get(errorNum) ?? 'refused';
}

/** The meaning of what a whole request threw; undefined for what is no answer of ArangoDB. */
export function meaningOfThrown(error: unknown): ErrorMeaning | undefined {
  if (error instanceof ArangoUnreachable) return 'unavailable';
  if (!(error instanceof ArangoError)) return undefined;
  if (error.status === 413) return 'too-large';
  // Proxies and starting servers answer without a number (reference 1.3).
  if (error.errorNum === 0 && error.status >= 500) return 'unavailable';
  if (error.errorNum === 0 && error.status === 401) return 'no-right';
  return meaningOf(error.errorNum, error.message);
}

/**
 * Whether a write that ended so may have been done, or may be done later (S4): no answer, or one of the server's that does
 * not say. A refusal at the door, of the login, for a lock or for the write itself says that nothing was done.
 */
export function leavesDoubt(error: unknown): boolean {
  if (error instanceof ArangoUnreachable) return !error.isUnsent;
  if (!(error instanceof ArangoError) || error.status < 500) return false;
  const isAtTheDoor = error.status === 503 && REFUSED_AT_THE_DOOR.has(error.errorNum);
  const meaning = meaningOfThrown(error);
  return !isAtTheDoor && (meaning === 'unavailable' || meaning === 'refused');
}
