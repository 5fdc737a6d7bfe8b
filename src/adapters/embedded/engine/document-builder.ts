import type { Collection } from './collection.ts';
import { DocumentVersion, deviatingText } from './document.ts';
import { printRevision, writeRevision } from './revision.ts';
import type { JsonText } from './types.ts';

/** Texts up to here are copied byte by byte: cheaper than a call. */
const SMALL_COPY = 96;

/** Largest piece of memory that the documents of one call share. */
const SHARED_BYTES_MAX = 1024 * 1024;

const HEAD = Buffer.from('{"_key":"');
const FROM = Buffer.from(',"_from":');
const TO = Buffer.from(',"_to":');
const REVISION = Buffer.from(',"_rev":"');
const GIVEN_REVISION = Buffer.from(',"_rev":');

/** What a document is made of, besides its key. */
export interface DocumentParts {
  readonly from: JsonText | undefined;
  readonly to: JsonText | undefined;
  readonly high: number;
  readonly low: number;
  /** The `_rev` to be kept verbatim, as JSON text (`isRestore`), and its value. */
  readonly givenRevision: { readonly text: JsonText; readonly value: string } | undefined;
  /** The other attributes: `runs` of `bytes` (start, end, …), each a list of members without braces. */
  readonly bytes: Buffer;
  readonly runs: readonly number[];
}

/**
 * Writes documents in stored order (4.3) into memory that the documents of one call share.
 */
export class DocumentBuilder {
  readonly #expectedBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #position = 0;

  /** `expectedBytes`: a guess at what will be written in all. */
  constructor(expectedBytes: number) {
    this.#expectedBytes = Math.min(expectedBytes, SHARED_BYTES_MAX);
  }

  build(collection: Collection, key: string, parts: DocumentParts): DocumentVersion {
    const { from, to, high, low, givenRevision, runs } = parts;
    this.#reserve(collection, key, parts);
    const start = this.#position;
    this.#copy(HEAD, 0, HEAD.length);
    this.#ascii(key);
    this.#copy(collection.idPrefix, 0, collection.idPrefix.length);
    this.#ascii(key);
    this.#buffer[this.#position++] = 0x22;
    if (from !== undefined) this.#attribute(FROM, from);
    if (to !== undefined) this.#attribute(TO, to);
    if (givenRevision !== undefined) this.#attribute(GIVEN_REVISION, givenRevision.text);
    else this.#revision(high, low);
    for (let run = 0; run < runs.length; run += 2) {
      this.#buffer[this.#position++] = 0x2c;
      this.#copy(parts.bytes, runs[run] as number, runs[run + 1] as number);
    }
    this.#buffer[this.#position++] = 0x7d;
    const deviating = givenRevision === undefined ? undefined : deviatingText(givenRevision.value, high, low);
    return new DocumentVersion(collection, key, high, low, deviating, this.#buffer, start, this.#position);
  }

  #reserve(collection: Collection, key: string, parts: DocumentParts): void {
    let length = HEAD.length + collection.idPrefix.length + 2 * key.length + 64;
    for (const text of [parts.from, parts.to, parts.givenRevision?.text]) {
      if (text !== undefined) length += text.end - text.start + 16;
    }
    for (let run = 0; run < parts.runs.length; run += 2) {
      length += (parts.runs[run + 1] as number) - (parts.runs[run] as number) + 1;
    }
    if (this.#position + length <= this.#buffer.length) return;
    this.#buffer = Buffer.allocUnsafe(Math.max(length, this.#expectedBytes));
    this.#position = 0;
  }

  #attribute(name: Buffer, value: JsonText): void {
    this.#copy(name, 0, name.length);
    this.#copy(value.bytes, value.start, value.end);
  }

  #revision(high: number, low: number): void {
    this.#copy(REVISION, 0, REVISION.length);
    if (writeRevision(high, low, this.#buffer, this.#position)) this.#position += 11;
    else this.#ascii(printRevision(high, low));
    this.#buffer[this.#position++] = 0x22;
  }

  #ascii(text: string): void {
    const buffer = this.#buffer;
    let position = this.#position;
    for (let index = 0; index < text.length; index++) buffer[position++] = text.charCodeAt(index);
    this.#position = position;
  }

  #copy(source: Buffer, start: number, end: number): void {
    const buffer = this.#buffer;
    let position = this.#position;
    if (end - start > SMALL_COPY) {
      source.copy(buffer, position, start, end);
      this.#position = position + end - start;
      return;
    }
    for (let index = start; index < end; index++) buffer[position++] = source[index] as number;
    this.#position = position;
  }
}
