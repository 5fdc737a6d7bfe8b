/**
 * Revisions (`_rev`): 64 bits, milliseconds since 1970 · 2^20 + a counter, printed in base 64 with an alphabet of
 * ArangoDB's own; small values print as decimal (reference 5.8.4).
 */

const ALPHABET = '-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const DIGITS_MAX = 11;
const LIMIT = 1n << 64n;
/** Values up to the "tick limit" print as decimal. */
const DECIMAL_MAX = 1_450_656_000_000n;

/** Value of each letter by its character code; -1 is no letter. */
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value += 1) VALUES[ALPHABET.charCodeAt(value)] = value;

function valueAt(text: string, index: number): number {
  return VALUES[text.charCodeAt(index)] ?? -1;
}

/** Decimal texts begin with `1`…`9`: no encoded text of a 64-bit value can. */
function isDecimal(text: string): boolean {
  return /^[1-9][0-9]*$/.test(text);
}

/**
 * Whether a text is a revision as servers print them. The server takes any text for one and turns rubbish into the
 * largest value (reference 4.4), so whoever keeps revisions must ask this first.
 */
export function isRevision(text: string): boolean {
  if (isDecimal(text)) return text.length <= 20 && BigInt(text) < LIMIT;
  if (text.length > DIGITS_MAX) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (valueAt(text, index) < 0) return false;
  }
  return text[0] !== '-' && (text.length < DIGITS_MAX || valueAt(text, 0) < 16);
}

/** The 64-bit value of a revision's text. Throws on a text that is none. */
export function decodeRevision(text: string): bigint {
  if (!isRevision(text)) throw new Error(`"${text}" is no revision`);
  if (isDecimal(text)) return BigInt(text);
  let value = 0n;
  for (let index = 0; index < text.length; index += 1) value = value * 64n + BigInt(valueAt(text, index));
  return value;
}

/** The text under which servers print a revision. */
export function encodeRevision(value: bigint): string {
  if (value < 0n || value >= LIMIT) throw new Error(`${value} is no 64-bit value`);
  return value > 0n && value <= DECIMAL_MAX ? value.toString() : encodeHlc(value);
}

/** A revision in letters: servers that do not know `encodeAsHLC` tell some as decimals, and take both (reference 5.8.1). */
export function encodedRevision(text: string): string {
  return isDecimal(text) ? encodeHlc(BigInt(text)) : text;
}

/** The base-64 text of any value, as `encodeAsHLC=true` gives it; 0 is the empty text. */
export function encodeHlc(value: bigint): string {
  let text = '';
  for (let rest = value; rest > 0n; rest >>= 6n) text = ALPHABET.charAt(Number(rest & 63n)) + text;
  return text;
}

/**
 * Compares two revisions by value: negative, zero, positive. The order of their texts is another one. Throws on a text
 * that is no revision.
 */
export function compareRevisions(a: string, b: string): number {
  if (a === b) return 0;
  if (!isLong(a) || !isLong(b)) {
    const difference = decodeRevision(a) - decodeRevision(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  // Both have 11 letters, as all revisions of 2004 … 2039 have: the first letter that differs decides.
  for (let index = 0; index < DIGITS_MAX; index += 1) {
    const left = valueAt(a, index);
    const right = valueAt(b, index);
    if (left < 0 || right < 0) throw new Error(`"${left < 0 ? a : b}" is no revision`);
    if (left !== right) return left - right;
  }
  return 0;
}

/** Whether a text has 11 letters and the first is one that a 64-bit value can begin with, which no decimal does. */
function isLong(text: string): boolean {
  const first = valueAt(text, 0);
  return text.length === DIGITS_MAX && first >= 1 && first < 16;
}

/** Milliseconds since 1970 of a revision's clock part. */
export function revisionTimeMs(text: string): number {
  return Number(decodeRevision(text) >> 20n);
}
