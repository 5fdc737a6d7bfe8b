import { isUtf8 } from 'node:buffer';
import type { JsonText } from '../types.ts';
import { compactJson } from './compact.ts';
import { JsonSyntaxError } from './error.ts';
import { JsonScanner } from './scanner.ts';

/** The five attributes that the database manages itself. */
export type SystemAttribute = 0 | 1 | 2 | 3 | 4;
export const KEY = 0;
export const ID = 1;
export const REV = 2;
export const FROM = 3;
export const TO = 4;

/**
 * One item of a body (a document, a patch, a key), scanned once: valid, on one line, and with the places of the system
 * attributes and of everything else known.
 */
export class ScannedItem implements JsonText {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Start and end of each system attribute's value, by {@link SystemAttribute} · 2; 0 when absent. */
  readonly system: Int32Array | undefined;
  /** Runs of members that are no system attributes: start, end (from the first name's quote to the last value's end), … */
  readonly runs: readonly number[];

  constructor(bytes: Buffer, start: number, end: number, system: Int32Array | undefined, runs: readonly number[]) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.system = system;
    this.runs = runs;
  }

  get isObject(): boolean {
    return this.bytes[this.start] === 0x7b;
  }

  get isText(): boolean {
    return this.bytes[this.start] === 0x22;
  }

  /** The text of a system attribute's value, as JSON; undefined when it is absent. */
  attribute(name: SystemAttribute): JsonText | undefined {
    const system = this.system;
    if (system === undefined || system[name * 2 + 1] === 0) return undefined;
    return { bytes: this.bytes, start: system[name * 2] as number, end: system[name * 2 + 1] as number };
  }
}

/** A body of the document API: one item, or an array of them. */
export interface ScannedBody {
  readonly isArray: boolean;
  readonly items: readonly ScannedItem[];
}

/** Scans a whole body. Throws {@link JsonSyntaxError} (400/600) for anything that is not JSON in valid UTF-8. */
export function scanItems(body: Buffer): ScannedBody {
  refuseBadUtf8(body);
  const scanner = new JsonScanner(body);
  const first = scanner.skipSpace();
  if (first !== 0x5b) {
    const item = scanItem(scanner);
    expectEnd(scanner);
    return { isArray: false, items: [item] };
  }
  const items: ScannedItem[] = [];
  scanner.position++;
  if (scanner.skipSpace() === 0x5d) {
    scanner.position++;
    expectEnd(scanner);
    return { isArray: true, items };
  }
  for (;;) {
    items.push(scanItem(scanner));
    const next = scanner.skipSpace();
    if (next !== 0x2c && next !== 0x5d) scanner.fail("Expecting ',' or ']'");
    scanner.position++;
    if (next === 0x5d) break;
    scanner.skipSpace();
  }
  expectEnd(scanner);
  return { isArray: true, items };
}

/** Scans a text that must be one item, such as a line of `restore-data`. */
export function scanText(bytes: Buffer, start = 0, end: number = bytes.length): ScannedItem {
  refuseBadUtf8(bytes.subarray(start, end));
  const scanner = new JsonScanner(bytes, start, end);
  scanner.skipSpace();
  const item = scanItem(scanner);
  expectEnd(scanner);
  return item;
}

/** The item of a piece of JSON text: itself when it was scanned before. */
export function itemOf(text: JsonText): ScannedItem {
  return text instanceof ScannedItem ? text : scanText(text.bytes, text.start, text.end);
}

function refuseBadUtf8(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw new JsonSyntaxError('Invalid UTF-8 sequence', 0);
}

function expectEnd(scanner: JsonScanner): void {
  if (scanner.skipSpace() !== -1) scanner.fail('Expecting EOF');
}

/** Scans the item at the cursor, and leaves the cursor behind it. */
function scanItem(scanner: JsonScanner): ScannedItem {
  const bytes = scanner.bytes as Buffer;
  const start = scanner.position;
  scanner.spaceMet = false;
  if (start >= scanner.limit || bytes[start] !== 0x7b) {
    scanner.value(1);
    if (!scanner.spaceMet) return new ScannedItem(bytes, start, scanner.position, undefined, []);
    const compact = compactJson(bytes, start, scanner.position);
    return new ScannedItem(compact, 0, compact.length, undefined, []);
  }
  const item = scanObject(scanner, start);
  if (!scanner.spaceMet) return item;
  const compact = compactJson(bytes, start, scanner.position);
  return scanObject(new JsonScanner(compact), 0);
}

function scanObject(scanner: JsonScanner, start: number): ScannedItem {
  const bytes = scanner.bytes as Buffer;
  let system: Int32Array | undefined;
  const runs: number[] = [];
  let runEnd = -2;
  scanner.object(1, (nameStart, nameEnd, escaped, valueStart, valueEnd) => {
    const attribute = systemAttribute(bytes, nameStart, nameEnd, escaped);
    if (attribute >= 0) {
      system ??= new Int32Array(10);
      system[attribute * 2] = valueStart;
      system[attribute * 2 + 1] = valueEnd;
      return;
    }
    // Behind the run's last value stand a comma and then this name's quote: one run goes on.
    if (runEnd + 2 === nameStart) runs[runs.length - 1] = valueEnd;
    else runs.push(nameStart - 1, valueEnd);
    runEnd = valueEnd;
  });
  return new ScannedItem(bytes, start, scanner.position, system, runs);
}

/** Which system attribute this name is, or -1. */
export function systemAttribute(bytes: Uint8Array, start: number, end: number, escaped: boolean): SystemAttribute | -1 {
  if (escaped) {
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    const text = Buffer.from(JSON.parse(`"${name}"`) as string);
    return systemAttribute(text, 0, text.length, false);
  }
  const length = end - start;
  if (length < 3 || length > 5 || bytes[start] !== 0x5f) return -1;
  switch (bytes[start + 1]) {
    case 0x6b:
      return length === 4 && bytes[start + 2] === 0x65 && bytes[start + 3] === 0x79 ? KEY : -1;
    case 0x69:
      return length === 3 && bytes[start + 2] === 0x64 ? ID : -1;
    case 0x72:
      return length === 4 && bytes[start + 2] === 0x65 && bytes[start + 3] === 0x76 ? REV : -1;
    case 0x66:
      return length === 5 && bytes[start + 2] === 0x72 && bytes[start + 3] === 0x6f && bytes[start + 4] === 0x6d
        ? FROM
        : -1;
    case 0x74:
      return length === 3 && bytes[start + 2] === 0x6f ? TO : -1;
    default:
      return -1;
  }
}
