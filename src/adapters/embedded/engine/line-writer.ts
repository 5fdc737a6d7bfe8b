/** The first piece is small: most answers are. */
const FIRST_PIECE_BYTES = 48 * 1024;
const PIECE_BYTES = 256 * 1024;

/** Texts up to here are copied byte by byte: cheaper than a call. */
const SMALL_COPY = 64;

/** Texts from here on are not copied at all. */
const UNCOPIED_BYTES = 32 * 1024;

/** Builds the body of a tail or a dump out of many small texts, as few pieces of bytes; nothing is ever moved again. */
export class LineWriter {
  readonly #pieces: Buffer[] = [];
  #buffer: Buffer = EMPTY;
  /** Where the piece in the making begins and ends in the buffer. */
  #start = 0;
  #end = 0;
  #flushedBytes = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#flushedBytes + this.#end - this.#start;
  }

  bytes(source: Buffer, start = 0, end: number = source.length): void {
    const size = end - start;
    if (size >= UNCOPIED_BYTES) {
      this.#flush();
      this.#push(source.subarray(start, end));
      return;
    }
    if (this.#end + size > this.#buffer.length) this.#renew();
    const buffer = this.#buffer;
    let position = this.#end;
    if (size > SMALL_COPY) {
      source.copy(buffer, position, start, end);
      this.#end = position + size;
      return;
    }
    for (let index = start; index < end; index++) buffer[position++] = source[index] as number;
    this.#end = position;
  }

  /** ASCII only, and short. */
  ascii(text: string): void {
    if (this.#end + text.length > this.#buffer.length) this.#renew();
    const buffer = this.#buffer;
    let position = this.#end;
    for (let index = 0; index < text.length; index++) buffer[position++] = text.charCodeAt(index);
    this.#end = position;
  }

  text(text: string): void {
    this.bytes(Buffer.from(text));
  }

  /** Everything so far, in order. */
  pieces(): readonly Buffer[] {
    this.#flush();
    return this.#pieces;
  }

  #renew(): void {
    this.#flush();
    this.#buffer = Buffer.allocUnsafeSlow(this.#flushedBytes === 0 ? FIRST_PIECE_BYTES : PIECE_BYTES);
    this.#start = 0;
    this.#end = 0;
  }

  #flush(): void {
    if (this.#end > this.#start) this.#push(this.#buffer.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#flushedBytes += piece.length;
  }
}

const EMPTY = Buffer.alloc(0);
