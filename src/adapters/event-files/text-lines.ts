/** Longest line that is taken: a commit has at most 32 MiB, and its text a little more. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;

/** The lines of a stream of bytes, without their ends; empty ones are left out. Throws for a line above the limit. */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const lines of lineBatches(chunks)) yield* lines;
}

/** {@link textLines}, as many at once as a chunk ends: a step of a generator costs as much as reading a short line. */
export async function* lineBatches(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    begun.push(first);
    bytes += chunk.length;
    const last = others.pop();
    if (last !== undefined) {
      yield [begun.join(''), ...others].filter(isWritten);
      begun = [last];
      bytes = Buffer.byteLength(last);
    }
    if (bytes > LINE_BYTES_MAX) throw new Error(`a line is longer than ${LINE_BYTES_MAX} bytes`);
  }
  begun.push(decoder.decode());
  yield [begun.join('')].filter(isWritten);
}

function isWritten(line: string): boolean {
  return line.trim() !== '';
}
