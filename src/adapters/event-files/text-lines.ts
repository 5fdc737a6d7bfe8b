/** Longest line that is taken: a commit has at most 32 MiB, and its text a little more. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The lines of a stream of bytes, without their ends; empty ones are left out. Throws for a line above the limit. */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const text = decoder.decode(joined(parts, chunk.subarray(from, end)));
      [parts, bytes, from] = [[], 0, end + 1];
      if (text.trim() !== '') yield text;
    }
    if (from < chunk.length) {
      parts.push(chunk.subarray(from));
      bytes += chunk.length - from;
    }
    if (bytes > LINE_BYTES_MAX) throw new Error(`a line is longer than ${LINE_BYTES_MAX} bytes`);
  }
  const rest = decoder.decode(joined(parts, new Uint8Array()));
  if (rest.trim() !== '') yield rest;
}

function joined(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}
