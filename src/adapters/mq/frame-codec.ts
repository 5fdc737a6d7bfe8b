/**
 * Records on a byte stream: `[u32 header length][u32 body length][header JSON][body]`, big-endian. What the header says
 * is the caller's affair; a body is bytes and is never looked into.
 */

/** A header lists at most the excepted channels of a server; more is a broken or hostile sender. */
export const RECORD_HEADER_BYTES_MAX = 8 * 1024 * 1024;
/** The largest document ArangoDB takes by default is far smaller; a frame holds one at least. */
export const RECORD_BODY_BYTES_MAX = 512 * 1024 * 1024;
const PREFIX_BYTES = 8;
/** A body from here on is filled in place. */
const IN_PLACE_BYTES = 8 * 1024 * 1024;

export interface RawRecord {
  readonly header: unknown;
  readonly body: Uint8Array;
}

/** The bytes of a record as two pieces, so that a large body is not copied. Throws when a part is above its limit. */
export function encodeRecord(header: unknown, body: Uint8Array): readonly [Buffer, Uint8Array] {
  const text = Buffer.from(JSON.stringify(header));
  assertWithin(text.length, RECORD_HEADER_BYTES_MAX, 'header');
  assertWithin(body.length, RECORD_BODY_BYTES_MAX, 'body');
  const head = Buffer.allocUnsafe(PREFIX_BYTES + text.length);
  head.writeUInt32BE(text.length, 0);
  head.writeUInt32BE(body.length, 4);
  text.copy(head, PREFIX_BYTES);
  return [head, body];
}

/** Cuts a byte stream that arrives in any chunks back into records. Holds at most one unfinished record. */
export class RecordDecoder {
  readonly #prefix = new Filling(PREFIX_BYTES);
  #header: Filling | undefined;
  #body: Filling | undefined;

  /** Records that end within this chunk. Throws when a length is above its limit or a header is not JSON. */
  *push(chunk: Uint8Array): Generator<RawRecord> {
    let at = 0;
    for (;;) {
      at += this.#prefix.take(chunk, at);
      if (!this.#prefix.full) return;
      if (this.#header === undefined || this.#body === undefined) [this.#header, this.#body] = this.#begin();
      at += this.#header.take(chunk, at);
      if (!this.#header.full) return;
      at += this.#body.take(chunk, at);
      if (!this.#body.full) return;
      yield this.#finish(this.#header.bytes, this.#body.bytes);
    }
  }

  /** Whether the stream may end here: between two records. */
  get atBoundary(): boolean {
    return this.#prefix.empty;
  }

  #begin(): [Filling, Filling] {
    const headerLength = this.#prefix.bytes.readUInt32BE(0);
    const bodyLength = this.#prefix.bytes.readUInt32BE(4);
    assertWithin(headerLength, RECORD_HEADER_BYTES_MAX, 'header');
    assertWithin(bodyLength, RECORD_BODY_BYTES_MAX, 'body');
    return [new Filling(headerLength), new Filling(bodyLength)];
  }

  #finish(header: Buffer, body: Buffer): RawRecord {
    this.#prefix.clear();
    this.#header = undefined;
    this.#body = undefined;
    return { header: JSON.parse(header.toString()), body };
  }
}

/**
 * A piece of known length that fills up. A large one is filled in place: memory that nothing was written to yet takes no
 * room, so a length alone costs nothing, and its pieces and the whole never stand beside each other.
 */
class Filling {
  readonly #length: number;
  #pieces: Uint8Array[] = [];
  readonly #whole: Buffer | undefined;
  #filled = 0;

  constructor(length: number) {
    this.#length = length;
    this.#whole = length >= IN_PLACE_BYTES ? Buffer.allocUnsafeSlow(length) : undefined;
  }

  get full(): boolean {
    return this.#filled === this.#length;
  }

  get empty(): boolean {
    return this.#filled === 0;
  }

  get bytes(): Buffer {
    if (this.#whole !== undefined) return this.#whole;
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces, this.#filled)];
    const [whole = new Uint8Array()] = this.#pieces;
    return Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  }

  /** Takes what it still lacks from `chunk`, at most; returns how many bytes it took. */
  take(chunk: Uint8Array, at: number): number {
    const bytes = Math.min(this.#length - this.#filled, chunk.length - at);
    if (bytes <= 0) return 0;
    const piece = chunk.subarray(at, at + bytes);
    if (this.#whole === undefined) this.#pieces.push(piece);
    else this.#whole.set(piece, this.#filled);
    this.#filled += bytes;
    return bytes;
  }

  clear(): void {
    this.#pieces = [];
    this.#filled = 0;
  }
}

function assertWithin(bytes: number, max: number, what: string): void {
  if (bytes > max) throw new RangeError(`the ${what} of a record has ${bytes} bytes; ${max} are allowed`);
}
