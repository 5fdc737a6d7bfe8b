/**
 * Revisions as the server prints and reads them (reference 5.8.4). A revision is 64 bits, here two 32-bit halves kept as
 * signed integers: they stay small numbers for the engine, where a BigInt would be an object each.
 */

const ALPHABET = '-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const letters = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const values = new Int8Array(256).fill(-1);
for (const [value, letter] of letters.entries()) values[letter] = value;

/** Values up to here print as plain decimal. */
const TICK_LIMIT = 1450656000000n;

const HALF = 0x1_0000_0000;

export interface Revision {
  readonly high: number;
  readonly low: number;
}

export const REVISION_MAX: Revision = { high: -1, low: -1 };

export function revisionFrom(value: bigint): Revision {
  return { high: Number(BigInt.asIntN(32, value >> 32n)), low: Number(BigInt.asIntN(32, value)) };
}

export function revisionValue(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Negative, zero or positive, by value. */
export function compareRevisions(high: number, low: number, otherHigh: number, otherLow: number): number {
  return high === otherHigh ? (low >>> 0) - (otherLow >>> 0) : (high >>> 0) - (otherHigh >>> 0);
}

/** The 64-letter text; the empty text for 0. */
export function encodeRevision(high: number, low: number): string {
  let text = '';
  let highRest = high >>> 0;
  let lowRest = low >>> 0;
  while (highRest !== 0 || lowRest !== 0) {
    text = ALPHABET[lowRest & 63] + text;
    lowRest = ((lowRest >>> 6) | ((highRest & 63) << 26)) >>> 0;
    highRest >>>= 6;
  }
  return text;
}

/**
 * Writes the text of a clock's revision (11 letters: a time between 2004 and 2039) at `position`; tells false, with
 * nothing written, when the text has another length.
 */
export function writeRevision(high: number, low: number, target: Uint8Array, position: number): boolean {
  const top = high >>> 28;
  if (top === 0) return false;
  target[position] = letters[top] as number;
  target[position + 1] = letters[(high >>> 22) & 63] as number;
  target[position + 2] = letters[(high >>> 16) & 63] as number;
  target[position + 3] = letters[(high >>> 10) & 63] as number;
  target[position + 4] = letters[(high >>> 4) & 63] as number;
  target[position + 5] = letters[((high & 15) << 2) | (low >>> 30)] as number;
  target[position + 6] = letters[(low >>> 24) & 63] as number;
  target[position + 7] = letters[(low >>> 18) & 63] as number;
  target[position + 8] = letters[(low >>> 12) & 63] as number;
  target[position + 9] = letters[(low >>> 6) & 63] as number;
  target[position + 10] = letters[low & 63] as number;
  return true;
}

/** As `RevisionId` prints: small values in decimal, larger ones encoded. */
export function printRevision(high: number, low: number): string {
  if (high >>> 0 <= 337 && revisionValue(high, low) <= TICK_LIMIT) return revisionValue(high, low).toString();
  return encodeRevision(high, low);
}

/**
 * As the server reads a revision: a text that starts with `1` … `9` is decimal, anything else the 64-letter encoding;
 * rubbish is the largest value (reference 4.4).
 */
export function parseRevision(text: string): Revision {
  const first = text.charCodeAt(0);
  if (first >= 0x31 && first <= 0x39) {
    if (!/^[0-9]+$/.test(text)) return REVISION_MAX;
    const value = BigInt(text);
    return value >> 64n === 0n ? revisionFrom(value) : REVISION_MAX;
  }
  return decodeRevision(text) ?? REVISION_MAX;
}

/** Reads the 64-letter encoding only; undefined for rubbish. */
export function decodeRevision(text: string): Revision | undefined {
  if (text.length > 11) return undefined;
  let high = 0;
  let low = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const digit = code < 256 ? (values[code] as number) : -1;
    if (digit < 0 || high >= HALF / 64) return undefined;
    high = high * 64 + (low >>> 26);
    low = ((low << 6) | digit) >>> 0;
  }
  return { high: high | 0, low: low | 0 };
}
