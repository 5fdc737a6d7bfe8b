import type { JsonText } from '../types.ts';
import { JsonScanner } from './scanner.ts';

/** One attribute of an object: its name decoded and as it stands (with quotes), and its value as it stands. */
export interface Member {
  readonly name: string;
  readonly nameText: JsonText;
  readonly value: JsonText;
}

/** The attributes of an object in order. The text must be a valid object. */
export function membersOf(object: JsonText): Member[] {
  const bytes = object.bytes;
  const members: Member[] = [];
  new JsonScanner(bytes, object.start, object.end).object(1, (nameStart, nameEnd, escaped, valueStart, valueEnd) => {
    members.push({
      name: nameOf(bytes, nameStart, nameEnd, escaped),
      nameText: { bytes, start: nameStart - 1, end: nameEnd + 1 },
      value: { bytes, start: valueStart, end: valueEnd },
    });
  });
  return members;
}

/** The value at a path of attribute names (`['name','first']`); undefined when there is none. */
export function valueAt(text: JsonText, path: readonly string[]): JsonText | undefined {
  let current: JsonText | undefined = text;
  for (const name of path) {
    if (current === undefined || !isObject(current)) return undefined;
    current = memberOf(current, name);
  }
  return current;
}

/** The items of an array, as they stand. The text must be a valid array. */
export function elementsOf(array: JsonText): JsonText[] {
  const bytes = array.bytes;
  const elements: JsonText[] = [];
  const scanner = new JsonScanner(bytes, array.start, array.end);
  scanner.position++;
  if (scanner.skipSpace() === 0x5d) return elements;
  for (;;) {
    const start = scanner.position;
    scanner.value(1);
    elements.push({ bytes, start, end: scanner.position });
    if (scanner.skipSpace() === 0x5d) return elements;
    scanner.position++;
    scanner.skipSpace();
  }
}

export function isObject(text: JsonText): boolean {
  return text.bytes[text.start] === 0x7b;
}

export function isArray(text: JsonText): boolean {
  return text.bytes[text.start] === 0x5b;
}

export function isText(text: JsonText): boolean {
  return text.bytes[text.start] === 0x22;
}

export function isNull(text: JsonText): boolean {
  return text.bytes[text.start] === 0x6e;
}

/** The string that a JSON text stands for; undefined when it is no text. */
export function textValue(text: JsonText | undefined): string | undefined {
  if (text === undefined || !isText(text)) return undefined;
  const { bytes, start, end } = text;
  const plain = bytes.toString('latin1', start + 1, end - 1);
  // Bytes of ASCII without an escape are the string itself.
  for (let index = 0; index < plain.length; index++) {
    const code = plain.charCodeAt(index);
    if (code > 0x7e || code === 0x5c) return JSON.parse(bytes.toString('utf8', start, end));
  }
  return plain;
}

/** The text as it stands. */
export function rawText(text: JsonText): string {
  return text.bytes.toString('utf8', text.start, text.end);
}

function memberOf(object: JsonText, name: string): JsonText | undefined {
  const bytes = object.bytes;
  let found: JsonText | undefined;
  new JsonScanner(bytes, object.start, object.end).object(1, (nameStart, nameEnd, escaped, valueStart, valueEnd) => {
    if (found === undefined && nameOf(bytes, nameStart, nameEnd, escaped) === name) {
      found = { bytes, start: valueStart, end: valueEnd };
    }
  });
  return found;
}

function nameOf(bytes: Buffer, start: number, end: number, escaped: boolean): string {
  const name = bytes.toString('utf8', start, end);
  return escaped ? (JSON.parse(`"${name}"`) as string) : name;
}
