const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The same JSON text without the space between its tokens. Texts of values stay as they are; the input must be valid. */
export function compactJson(bytes: Uint8Array, start: number, end: number): Buffer {
  const compact = Buffer.allocUnsafe(end - start);
  let written = 0;
  let inString = false;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] as number;
    if (inString) {
      compact[written++] = byte;
      if (byte === BACKSLASH) compact[written++] = bytes[++position] as number;
      else if (byte === QUOTE) inString = false;
    } else if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
      compact[written++] = byte;
      inString = byte === QUOTE;
    }
  }
  return compact.subarray(0, written);
}
