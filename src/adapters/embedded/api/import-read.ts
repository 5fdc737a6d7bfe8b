import { FROM, type ScannedItem, scanItems, scanText, TO } from '../engine/json/items.ts';
import { elementsOf, isArray, isNull, rawText, textValue } from '../engine/json/members.ts';
import type { JsonText } from '../engine/types.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Query } from '../http/query.ts';

/** More of an offending document is not repeated in an error. */
const OFFENDER_LENGTH_MAX = 255;
const INVALID_JSON = 600;
const NOT_AN_OBJECT = 1227;
const INVALID_EDGE = 1233;

/** What a body held: the documents to write, and what could not be read. */
export interface ImportReading {
  readonly documents: readonly ScannedItem[];
  readonly errors: readonly string[];
  /** Blank lines. */
  readonly empty: number;
  /** Number of the first error, for imports that must be complete. */
  readonly firstError: number | undefined;
}

/** What is done to `_from` and `_to` on the way. */
export interface EdgePrefixes {
  readonly from: string;
  readonly to: string;
  /** Prefixes also take the place of collection names that are there. */
  readonly overwrites: boolean;
}

export interface ReadingRules {
  readonly isEdge: boolean;
  readonly prefixes: EdgePrefixes;
  readonly isComplete: boolean;
}

export type Read = (rules: ReadingRules) => ImportReading;

export function edgePrefixes(query: Query): EdgePrefixes {
  const withSlash = (name: string) => {
    const prefix = query.text(name) ?? '';
    return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  };
  return {
    from: withSlash('fromPrefix'),
    to: withSlash('toPrefix'),
    overwrites: query.flag('overwriteCollectionPrefix', false),
  };
}

export function positioned(position: number, message: string): string {
  return `at position ${position}: ${message}`;
}

export function shortened(text: string): string {
  return text.length > OFFENDER_LENGTH_MAX ? `${text.slice(0, OFFENDER_LENGTH_MAX)}...` : text;
}

/** Gathers documents and errors; of a complete import nothing behind the first error counts. */
class Collector {
  readonly #rules: ReadingRules;
  readonly documents: ScannedItem[] = [];
  readonly errors: string[] = [];
  empty = 0;
  firstError: number | undefined;

  constructor(rules: ReadingRules) {
    this.#rules = rules;
  }

  get isOver(): boolean {
    return this.#rules.isComplete && this.firstError !== undefined;
  }

  reading(): ImportReading {
    return { documents: this.documents, errors: this.errors, empty: this.empty, firstError: this.firstError };
  }

  fail(errorNum: number, position: number, message: string): void {
    this.firstError ??= errorNum;
    this.errors.push(positioned(position, message));
  }

  add(item: ScannedItem, position: number): void {
    if (!item.isObject) {
      this.fail(
        NOT_AN_OBJECT,
        position,
        `invalid JSON type (expecting object), offending document: ${shortened(rawText(item))}`,
      );
      return;
    }
    if (this.#rules.isEdge) this.#addEdge(item, position);
    else this.documents.push(item);
  }

  #addEdge(item: ScannedItem, position: number): void {
    const { from, to, overwrites } = this.#rules.prefixes;
    const edge = withPrefix(withPrefix(item, FROM, from, overwrites), TO, to, overwrites);
    if (textValue(edge.attribute(FROM)) === undefined || textValue(edge.attribute(TO)) === undefined) {
      const message = `missing '_from' or '_to' attribute, offending document: ${shortened(rawText(edge))}`;
      this.fail(INVALID_EDGE, position, message);
      return;
    }
    this.documents.push(edge);
  }
}

/** The edge with a collection in front of a bare key; everything else stays the bytes that it is. */
function withPrefix(item: ScannedItem, end: typeof FROM | typeof TO, prefix: string, overwrites: boolean): ScannedItem {
  const value = item.attribute(end);
  if (prefix === '' || value === undefined) return item;
  const key = textValue(value) ?? (/^[0-9]+$/.test(rawText(value)) ? rawText(value) : undefined);
  if (key === undefined || (key.includes('/') && !overwrites)) return item;
  const handle = prefix + key.slice(key.lastIndexOf('/') + 1);
  const bytes = Buffer.concat([
    item.bytes.subarray(item.start, value.start),
    Buffer.from(JSON.stringify(handle)),
    item.bytes.subarray(value.end, item.end),
  ]);
  return scanText(bytes);
}

/** One document a line. */
export function readLines(body: Buffer): Read {
  return (rules) => {
    const collector = new Collector(rules);
    for (const [index, line] of linesOf(body).entries()) {
      if (collector.isOver) break;
      if (line.text.length > 0) readLine(collector, line.text, index + 1);
      // The rest behind the last line feed is no line when it is blank.
      else if (line.isTerminated) collector.empty++;
    }
    return collector.reading();
  };
}

function readLine(collector: Collector, line: Buffer, position: number): void {
  const item = scanned(line);
  if (item === undefined) {
    collector.fail(INVALID_JSON, position, parseError(line));
    return;
  }
  collector.add(item, position);
}

function parseError(line: Buffer): string {
  const context = shortened(line.toString('utf8'));
  return `invalid JSON type (expecting object, probably parse error), offending context: ${context}`;
}

function scanned(line: Buffer): ScannedItem | undefined {
  try {
    return scanText(line);
  } catch {
    return undefined;
  }
}

interface Line {
  /** Without white space at either end. */
  readonly text: Buffer;
  readonly isTerminated: boolean;
}

function linesOf(body: Buffer): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < body.length) {
    const feed = body.indexOf(0x0a, start);
    const end = feed < 0 ? body.length : feed;
    lines.push({ text: trimmed(body, start, end), isTerminated: feed >= 0 });
    start = end + 1;
  }
  return lines;
}

function trimmed(body: Buffer, start: number, end: number): Buffer {
  let first = start;
  let last = end;
  while (first < last && isSpace(body[first])) first++;
  while (last > first && isSpace(body[last - 1])) last--;
  return body.subarray(first, last);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x08 || byte === 0x0c;
}

/** One array of documents. */
export function readArray(body: Buffer): Read {
  return (rules) => {
    const collector = new Collector(rules);
    for (const [index, item] of arrayItems(body).entries()) {
      if (collector.isOver) break;
      collector.add(item, index + 1);
    }
    return collector.reading();
  };
}

function arrayItems(body: Buffer): readonly ScannedItem[] {
  const scan = () => {
    try {
      return scanItems(body);
    } catch (error) {
      const got = error instanceof Error ? error.message : '';
      throw new ArangoApiError(400, `expecting a valid JSON array in the request. got: ${got}`);
    }
  };
  const { isArray: isList, items } = scan();
  if (!isList) throw new ArangoApiError(400, 'expecting a JSON array in the request');
  return items;
}

/** The first line names the attributes, every further one holds their values. */
export function readRows(body: Buffer, firstLine: number, ignoreMissing: boolean): Read {
  const [head, ...rows] = linesOf(body);
  if (head === undefined || !head.isTerminated) throw new ArangoApiError(400, 'no JSON array found in second line');
  const names = namesOf(head.text);
  return (rules) => {
    const collector = new Collector(rules);
    for (const [index, row] of rows.entries()) {
      if (collector.isOver) break;
      if (row.text.length === 0) collector.empty++;
      else readRow(collector, names, row.text, firstLine + index + 1, ignoreMissing);
    }
    return collector.reading();
  };
}

function namesOf(line: Buffer): readonly JsonText[] {
  const head = scanned(line);
  const names = head !== undefined && isArray(head) ? elementsOf(head) : [];
  if (names.length === 0 || names.some((name) => (textValue(name) ?? '') === '')) {
    throw new ArangoApiError(400, 'no JSON string array found in first line');
  }
  return names;
}

function readRow(
  collector: Collector,
  names: readonly JsonText[],
  line: Buffer,
  position: number,
  ignoreMissing: boolean,
): void {
  const row = scanned(line);
  if (row === undefined) {
    collector.fail(INVALID_JSON, position, parseError(line));
    return;
  }
  if (!isArray(row)) {
    collector.fail(INVALID_JSON, position, 'no valid JSON array data');
    return;
  }
  const values = elementsOf(row);
  if (values.length !== names.length && !ignoreMissing) {
    const got = `got ${values.length}, expected ${names.length}`;
    collector.fail(INVALID_JSON, position, `wrong number of JSON values (${got})`);
    return;
  }
  collector.add(scanText(Buffer.from(rowText(names, values))), position);
}

/** Nulls are left out. */
function rowText(names: readonly JsonText[], values: readonly JsonText[]): string {
  const members = names.flatMap((name, index) => {
    const value = values[index];
    return value === undefined || isNull(value) ? [] : [`${rawText(name)}:${rawText(value)}`];
  });
  return `{${members.join(',')}}`;
}
