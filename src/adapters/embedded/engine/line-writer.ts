const START_BYTES = 64 * 1024;

/** Texts up to here are copied byte by byte: cheaper than a call. */
const SMALL_COPY = 64;

/** Builds the body of a tail or a dump: pieces of bytes put behind one another. */
export class LineWriter {
  #buffer: Buffer = Buffer.allocUnsafe(START_BYTES);
  length = 0;

  bytes(source: Uint8Array, start = 0, end: number = source.length): void {
    const size = end - start;
    if (this.length + size > this.#buffer.length) this.#grow(size);
    const buffer = this.#buffer;
    let position = this.length;
    if (size > SMALL_COPY) {
      (source as Buffer).copy(buffer, position, start, end);
      this.length = position + size;
      return;
    }
    for (let index = start; index < end; index++) buffer[position++] = source[index] as number;
    this.length = position;
  }

  /** ASCII only. */
  ascii(text: string): void {
    if (this.length + text.length > this.#buffer.length) this.#grow(text.length);
    const buffer = this.#buffer;
    let position = this.length;
    for (let index = 0; index < text.length; index++) buffer[position++] = text.charCodeAt(index);
    this.length = position;
  }

  text(text: string): void {
    this.bytes(Buffer.from(text));
  }

  result(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.length + size));
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}
