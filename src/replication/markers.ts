import { compareTicks, type Tick } from './queue.ts';

/** Types of markers in a server's log (reference 6.5). */
export const MARKER = {
  collectionCreate: 2000,
  collectionDrop: 2001,
  collectionTruncate: 2004,
  transactionBegin: 2200,
  transactionCommit: 2201,
  document: 2300,
  remove: 2302,
} as const;

/** A line of a log that cannot be understood: the log cannot be followed over it. */
export class BadMarker extends Error {
  override readonly name = 'BadMarker';
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PLUS = 0x2b;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const HEAD = Buffer.from('{"tick":"');
const TYPE = Buffer.from('","type":');
const DATABASE = Buffer.from(',"db":"');
const CUID = Buffer.from('","cuid":"');
const TRANSACTION = Buffer.from('","tid":"');
const DATA = Buffer.from('","data":');
const TYPE_DIGITS = 4;
/** Names of shards remembered; beyond it the memory is emptied. */
const NAMES_MAX = 65_536;

/**
 * Names a shard in one server's log. The database belongs to it: on a single server the `cuid` of a system collection is
 * its name, the same in every database (reference 3.2).
 */
export function shardKey(database: string, cuid: string): string {
  return `${database}\n${cuid}`;
}

/** Turns the raw text between the quotes of `db` and `cuid` into a {@link shardKey}, once for each. */
class ShardNames {
  readonly #known = new Map<string, string>();

  keyOf(raw: string): string {
    const known = this.#known.get(raw);
    if (known !== undefined) return known;
    const parsed = JSON.parse(`{"db":"${Buffer.from(raw, 'latin1').toString('utf8')}"}`) as {
      db: string;
      cuid: string;
    };
    const key = shardKey(parsed.db, parsed.cuid);
    if (this.#known.size >= NAMES_MAX) this.#known.clear();
    this.#known.set(raw, key);
    return key;
  }
}

const names = new ShardNames();

/**
 * Walks over the lines of a tail's answer. Documents are neither parsed nor copied: where a line has the order of fields
 * that servers write, {@link operation} is a view into the body; any other order is parsed. The body belongs to the
 * cursor: it writes into it.
 */
export class MarkerCursor {
  readonly #body: Buffer;
  readonly #exactBehind: Tick | undefined;
  #next = 0;
  #dataStart = 0;
  #dataEnd = 0;
  /** Only lines that are not as expected. */
  #copied: Buffer | undefined;

  type = 0;
  tick: Tick = '0';
  /** `"0"` for an operation outside of any transaction; `''` for what has none. */
  tid = '';
  /** `''` for markers without a collection. */
  shardKey = '';

  /** `exactBehind`: from there on removals tell the revision that was removed; undefined: they do not. */
  constructor(body: Buffer, exactBehind?: Tick) {
    this.#body = body;
    this.#exactBehind = exactBehind;
  }

  /** Moves to the next line; false behind the last. Throws {@link BadMarker}. */
  next(): boolean {
    const body = this.#body;
    while (this.#next < body.length && body[this.#next] === NEWLINE) this.#next += 1;
    if (this.#next >= body.length) return false;
    const start = this.#next;
    const newline = body.indexOf(NEWLINE, start);
    const end = newline === -1 ? body.length : newline;
    this.#next = end + 1;
    this.#copied = undefined;
    if (!this.#readExpected(start, end)) this.#readAny(body.subarray(start, end));
    return true;
  }

  get isOperation(): boolean {
    return this.type === MARKER.document || this.type === MARKER.remove;
  }

  /** The operation as frames carry it: `+<document>\n` or `-{"_key":…[,"_rev":…]}\n`. */
  operation(): Buffer {
    return this.type === MARKER.remove && !this.#isExact ? this.#removalByKey() : this.#asWritten();
  }

  get #isExact(): boolean {
    return this.#exactBehind !== undefined && compareTicks(this.tick, this.#exactBehind) > 0;
  }

  /** Whose revision is, or may be, one that the server drew for the removal: it says nothing about what was removed. */
  #removalByKey(): Buffer {
    const { key } = documentIdentity(this.#asWritten().subarray(1));
    return Buffer.from(`-{"_key":${JSON.stringify(key)}}\n`);
  }

  #asWritten(): Buffer {
    if (this.#copied !== undefined) return this.#copied;
    const body = this.#body;
    // The colon before the data and the brace behind it are ours to overwrite.
    body[this.#dataStart - 1] = this.type === MARKER.document ? PLUS : MINUS;
    if (this.#dataEnd < body.length) body[this.#dataEnd] = NEWLINE;
    return body.subarray(this.#dataStart - 1, this.#dataEnd + 1);
  }

  #readExpected(start: number, end: number): boolean {
    const body = this.#body;
    if (!matches(body, start, HEAD)) return false;
    const tickStart = start + HEAD.length;
    const tickEnd = body.indexOf(QUOTE, tickStart);
    if (!matches(body, tickEnd, TYPE)) return false;
    const typeStart = tickEnd + TYPE.length;
    const type = fourDigits(body, typeStart);
    if (type !== MARKER.document && type !== MARKER.remove) return false;
    const databaseStart = typeStart + TYPE_DIGITS + DATABASE.length;
    if (!matches(body, typeStart + TYPE_DIGITS, DATABASE)) return false;
    const databaseEnd = plainTextEnd(body, databaseStart, end);
    if (!matches(body, databaseEnd, CUID)) return false;
    const cuidEnd = plainTextEnd(body, databaseEnd + CUID.length, end);
    if (!matches(body, cuidEnd, TRANSACTION)) return false;
    const tidStart = cuidEnd + TRANSACTION.length;
    const tidEnd = plainTextEnd(body, tidStart, end);
    if (!matches(body, tidEnd, DATA)) return false;
    const dataStart = tidEnd + DATA.length;
    if (body[dataStart] !== OPEN_BRACE || body[end - 1] !== CLOSE_BRACE || body[end - 2] !== CLOSE_BRACE) return false;
    this.type = type;
    this.tick = body.toString('latin1', tickStart, tickEnd);
    this.tid = tidEnd === tidStart + 1 && body[tidStart] === 0x30 ? '0' : body.toString('latin1', tidStart, tidEnd);
    this.shardKey = names.keyOf(body.toString('latin1', databaseStart, cuidEnd));
    this.#dataStart = dataStart;
    this.#dataEnd = end - 1;
    return true;
  }

  #readAny(line: Buffer): void {
    const marker = parseMarker(line);
    this.type = marker.type;
    this.tick = marker.tick;
    this.tid = typeof marker.tid === 'string' ? marker.tid : '';
    const { db, cuid } = marker;
    this.shardKey = typeof db === 'string' && typeof cuid === 'string' ? shardKey(db, cuid) : '';
    if (!this.isOperation) return;
    const data = memberBytes(line, 'data');
    if (data === undefined || this.shardKey === '') throw new BadMarker(`marker ${this.tick} has no document`);
    const sign = Buffer.of(this.type === MARKER.document ? PLUS : MINUS);
    this.#copied = Buffer.concat([sign, data, Buffer.of(NEWLINE)]);
  }
}

interface ParsedMarker {
  readonly type: number;
  readonly tick: string;
  readonly tid?: unknown;
  readonly db?: unknown;
  readonly cuid?: unknown;
}

function parseMarker(line: Buffer): ParsedMarker {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.toString('utf8'));
  } catch {
    throw new BadMarker(`a line of ${line.length} bytes in the log is no JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null) throw new BadMarker('a line of the log is no object');
  const { tick, type } = parsed as Record<string, unknown>;
  if (typeof tick !== 'string' || typeof type !== 'number')
    throw new BadMarker('a line of the log has no tick or type');
  return { ...(parsed as object), tick, type };
}

function matches(body: Buffer, at: number, text: Buffer): boolean {
  if (at < 0 || at + text.length > body.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (body[at + index] !== text[index]) return false;
  }
  return true;
}

function fourDigits(body: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < at + TYPE_DIGITS; index += 1) value = value * 10 + (body[index] ?? 0) - 0x30;
  return value;
}

/** Where a text without escapes ends; -1 when it has one, or does not end in this line. */
function plainTextEnd(body: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at += 1) {
    if (body[at] === QUOTE) return at;
    if (body[at] === BACKSLASH) return -1;
  }
  return -1;
}

/** The bytes of a member's value, which is an object, as they stand in the text of the object around it. */
function memberBytes(text: Buffer, name: string): Buffer | undefined {
  const member = Buffer.from(`"${name}"`);
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === OPEN_BRACE) depth += 1;
    else if (byte === CLOSE_BRACE) depth -= 1;
    else if (byte === QUOTE) {
      const end = textEnd(text, at + 1);
      const found = depth === 1 && matches(text, at, member) && end === at + member.length - 1;
      const value = found ? objectAfterColon(text, end + 1) : undefined;
      if (value !== undefined) return value;
      at = end;
    }
  }
  return undefined;
}

function objectAfterColon(text: Buffer, from: number): Buffer | undefined {
  const colon = /^\s*:\s*(?=\{)/.exec(text.toString('latin1', from, from + 64));
  if (colon === null) return undefined;
  const start = from + colon[0].length;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === QUOTE) at = textEnd(text, at + 1);
    else if (text[at] === OPEN_BRACE) depth += 1;
    else if (text[at] === CLOSE_BRACE) {
      depth -= 1;
      if (depth === 0) return text.subarray(start, at + 1);
    }
  }
  return undefined;
}

/** Where the quote that ends a text stands. */
function textEnd(text: Buffer, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === BACKSLASH) at += 1;
    else if (text[at] === QUOTE) return at;
  }
  return text.length;
}

/** Stored documents begin so (reference 4.3). */
const IDENTITY =
  /^\{"_key":"([^"\\]+)"(?:,"_id":"[^"\\]*")?(?:,"_from":"[^"\\]*")?(?:,"_to":"[^"\\]*")?,"_rev":"([^"\\]*)"[,}]/;
/** Longest beginning of an edge: a key of 254 bytes, three ids of at most 511. */
const IDENTITY_BYTES = 2_048;

/** `_key` and `_rev` of a stored document or a removal's data, without parsing what follows. `''` for a missing revision. */
export function documentIdentity(document: Uint8Array): { readonly key: string; readonly rev: string } {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  const [, key, rev] = IDENTITY.exec(bytes.toString('latin1', 0, IDENTITY_BYTES)) ?? [];
  if (key !== undefined && rev !== undefined) return { key, rev };
  const parsed = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  if (typeof parsed._key !== 'string') throw new BadMarker('a document has no _key');
  return { key: parsed._key, rev: typeof parsed._rev === 'string' ? parsed._rev : '' };
}
