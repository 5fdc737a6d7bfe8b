import { JsonSyntaxError } from './error.ts';

/** Deeper nesting is refused, as by the server's parser. */
const DEPTH_MAX = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const NAMES_START = 256;

/** Up to this many attributes of one object are compared with each other one by one. */
const NAMES_COMPARED_MAX = 48;

/**
 * Walks over JSON text without making values of it: says that it is valid, where a value ends, and refuses objects that
 * name an attribute twice (9.4 no. 8). Documents stay bytes; this is all the parsing they ever get.
 *
 * One scanner serves one buffer; `position` is the cursor.
 */
export class JsonScanner {
  readonly bytes: Uint8Array;
  readonly limit: number;
  position: number;
  /** Whether space between tokens was met since this was last set to false: such text is not one line yet. */
  spaceMet = false;

  // A stack of the names of all open objects, for finding duplicates: hash, start, end of each.
  #hashes = new Int32Array(NAMES_START);
  #starts = new Int32Array(NAMES_START);
  #ends = new Int32Array(NAMES_START);
  #names = 0;
  // Of open objects with many names, by where their names begin on the stack: which names have a hash.
  readonly #wide = new Map<number, Map<number, number[]>>();
  // Whether the string just read held an escape.
  #escaped = false;
  #hash = 0;

  constructor(bytes: Uint8Array, start = 0, limit: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.limit = limit;
  }

  /** Moves over white space and tells the byte behind it, or -1 at the end. */
  skipSpace(): number {
    const bytes = this.bytes;
    let position = this.position;
    while (position < this.limit) {
      const byte = bytes[position] as number;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        if (position !== this.position) {
          this.spaceMet = true;
          this.position = position;
        }
        return byte;
      }
      position++;
    }
    if (position !== this.position) {
      this.spaceMet = true;
      this.position = position;
    }
    return -1;
  }

  /** Moves over one value; the cursor must stand on its first byte. */
  value(depth = 0): void {
    const byte = this.position < this.limit ? (this.bytes[this.position] as number) : -1;
    if (byte === QUOTE) this.string();
    else if (byte === OPEN_BRACE) this.object(depth + 1);
    else if (byte === OPEN_BRACKET) this.#array(depth + 1);
    else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) this.#number();
    else if (byte === 0x74) this.#literal('true');
    else if (byte === 0x66) this.#literal('false');
    else if (byte === 0x6e) this.#literal('null');
    else this.fail('Expecting item');
  }

  /**
   * Moves over an object. With `member`, tells each member: the name without quotes (`bytes[nameStart, nameEnd)`, as it
   * stands, escapes included) and the value.
   */
  object(
    depth: number,
    member?: (nameStart: number, nameEnd: number, escaped: boolean, valueStart: number, valueEnd: number) => void,
  ): void {
    if (depth > DEPTH_MAX) this.fail('Too deep nesting in Array/Object');
    const base = this.#names;
    this.position++;
    if (this.skipSpace() === CLOSE_BRACE) {
      this.position++;
      return;
    }
    for (;;) {
      if (this.position >= this.limit || this.bytes[this.position] !== QUOTE) this.fail(`Expecting '"' or '}'`);
      const nameStart = this.position + 1;
      this.#name();
      const nameEnd = this.position - 1;
      const escaped = this.#escaped;
      this.#addName(base, nameStart, nameEnd, escaped);
      if (this.skipSpace() !== COLON) this.fail("Expecting ':'");
      this.position++;
      this.skipSpace();
      const valueStart = this.position;
      this.value(depth);
      if (member !== undefined) member(nameStart, nameEnd, escaped, valueStart, this.position);
      const next = this.skipSpace();
      this.position++;
      if (next === CLOSE_BRACE) break;
      if (next !== COMMA) this.#failBefore("Expecting ',' or '}'");
      this.skipSpace();
    }
    if (this.#names - base > NAMES_COMPARED_MAX) this.#wide.delete(base);
    this.#names = base;
  }

  /** Moves over a string; the cursor must stand on its quote. */
  string(): void {
    const bytes = this.bytes;
    const limit = this.limit;
    let position = this.position + 1;
    for (;;) {
      if (position >= limit) this.#failAt(position, 'Unfinished string');
      const byte = bytes[position] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) position = this.#escape(position);
      else if (byte < 0x20) this.#failAt(position, 'Unexpected control character');
      else position++;
    }
    this.position = position + 1;
  }

  fail(expectation: string): never {
    throw new JsonSyntaxError(expectation, this.position);
  }

  #failAt(position: number, expectation: string): never {
    throw new JsonSyntaxError(expectation, position);
  }

  #failBefore(expectation: string): never {
    this.position--;
    this.fail(expectation);
  }

  /** As {@link string}, with the hash of the name on the way. */
  #name(): void {
    const bytes = this.bytes;
    const limit = this.limit;
    let position = this.position + 1;
    let hash = 0x811c9dc5 | 0;
    this.#escaped = false;
    for (;;) {
      if (position >= limit) this.#failAt(position, 'Unfinished string');
      const byte = bytes[position] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        position = this.#escape(position);
        this.#escaped = true;
      } else if (byte < 0x20) this.#failAt(position, 'Unexpected control character');
      else {
        hash = Math.imul(hash ^ byte, 0x01000193);
        position++;
      }
    }
    this.#hash = hash;
    this.position = position + 1;
  }

  #addName(base: number, start: number, end: number, escaped: boolean): void {
    if (this.#names === this.#hashes.length) this.#growNames();
    // An escaped name is marked by a negative start; its hash is that of the decoded text.
    const hash = escaped ? hashOf(decodeName(this.bytes, start, end)) : this.#hash;
    const names = this.#names;
    const hashes = this.#hashes;
    if (names - base >= NAMES_COMPARED_MAX) this.#compareWide(base, hash, start, end, escaped);
    else {
      for (let index = base; index < names; index++) {
        if (hashes[index] === hash) this.#refuseSame(index, start, end, escaped);
      }
    }
    hashes[names] = hash;
    this.#starts[names] = escaped ? -start : start;
    this.#ends[names] = end;
    this.#names = names + 1;
  }

  /** As comparing one by one, through a table of the hashes. */
  #compareWide(base: number, hash: number, start: number, end: number, escaped: boolean): void {
    let byHash = this.#wide.get(base);
    if (byHash === undefined) {
      byHash = new Map();
      this.#wide.set(base, byHash);
      for (let index = base; index < this.#names; index++) addTo(byHash, this.#hashes[index] as number, index);
    }
    for (const index of byHash.get(hash) ?? []) this.#refuseSame(index, start, end, escaped);
    addTo(byHash, hash, this.#names);
  }

  #refuseSame(index: number, start: number, end: number, escaped: boolean): void {
    const otherStart = this.#starts[index] as number;
    const other = decoded(this.bytes, Math.abs(otherStart), this.#ends[index] as number, otherStart < 0);
    if (other.equals(decoded(this.bytes, start, end, escaped))) this.#failAt(start - 1, 'Duplicate attribute name');
  }

  #growNames(): void {
    this.#hashes = doubled(this.#hashes);
    this.#starts = doubled(this.#starts);
    this.#ends = doubled(this.#ends);
  }

  #array(depth: number): void {
    if (depth > DEPTH_MAX) this.fail('Too deep nesting in Array/Object');
    this.position++;
    if (this.skipSpace() === CLOSE_BRACKET) {
      this.position++;
      return;
    }
    for (;;) {
      this.value(depth);
      const next = this.skipSpace();
      this.position++;
      if (next === CLOSE_BRACKET) return;
      if (next !== COMMA) this.#failBefore("Expecting ',' or ']'");
      this.skipSpace();
    }
  }

  #escape(position: number): number {
    const byte = position + 1 < this.limit ? this.bytes[position + 1] : -1;
    switch (byte) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return position + 2;
      case 0x75:
        return this.#unicodeEscape(position);
      default:
        return this.#failAt(position, 'Invalid escape sequence detected');
    }
  }

  /** `\uXXXX`; halves of a surrogate pair must stand together, as 3.11 and later demand (reference 1.2). */
  #unicodeEscape(position: number): number {
    const unit = this.#hexUnit(position);
    if (unit < 0xd800 || unit > 0xdfff) return position + 6;
    const followed =
      unit <= 0xdbff &&
      position + 7 < this.limit &&
      this.bytes[position + 6] === BACKSLASH &&
      this.bytes[position + 7] === 0x75;
    const low = followed ? this.#hexUnit(position + 6) : 0;
    if (low < 0xdc00 || low > 0xdfff) this.#failAt(position, 'Invalid UTF-8 sequence');
    return position + 12;
  }

  #hexUnit(position: number): number {
    let unit = 0;
    for (let index = position + 2; index < position + 6; index++) {
      const digit = index < this.limit ? hexDigit(this.bytes[index] as number) : -1;
      if (digit < 0) this.#failAt(index, 'Illegal hash digit');
      unit = unit * 16 + digit;
    }
    return unit;
  }

  #number(): void {
    const bytes = this.bytes;
    let position = this.position;
    if (bytes[position] === 0x2d) position++;
    if (bytes[position] === 0x30 && position < this.limit) position++;
    else position = this.#digits(position);
    if (position < this.limit && bytes[position] === 0x2e) position = this.#digits(position + 1);
    if (position < this.limit && ((bytes[position] as number) | 0x20) === 0x65) {
      position++;
      if (bytes[position] === 0x2b || bytes[position] === 0x2d) position++;
      position = this.#digits(position);
    }
    this.position = position;
  }

  #digits(from: number): number {
    const bytes = this.bytes;
    let position = from;
    while (position < this.limit) {
      const byte = bytes[position] as number;
      if (byte < 0x30 || byte > 0x39) break;
      position++;
    }
    if (position === from) this.#failAt(position, 'Expecting digit');
    return position;
  }

  #literal(word: string): void {
    for (let index = 0; index < word.length; index++) {
      const at = this.position + index;
      if (at >= this.limit || this.bytes[at] !== word.charCodeAt(index)) this.fail(`Expecting '${word}'`);
    }
    this.position += word.length;
  }
}

function doubled(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

function addTo(byHash: Map<number, number[]>, hash: number, index: number): void {
  const indexes = byHash.get(hash);
  if (indexes === undefined) byHash.set(hash, [index]);
  else indexes.push(index);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The bytes of a name whose text holds escapes. */
function decodeName(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(JSON.parse(`"${Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()}"`));
}

function decoded(bytes: Uint8Array, start: number, end: number, escaped: boolean): Buffer {
  if (escaped) return decodeName(bytes, start, end);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

function hashOf(name: Buffer): number {
  let hash = 0x811c9dc5 | 0;
  for (const byte of name) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
