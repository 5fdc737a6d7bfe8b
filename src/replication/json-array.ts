const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const SPACE = 0x20;
/** Between two lines of one body lie the end of the line and, where it has one, the sign of the next. */
const GAP_MAX = 2;

/**
 * The text of an array of these items. Neighbours in one piece of memory are copied together, with the bytes between
 * them, which become the comma: a copy for each of thousands of small documents costs more than their bytes do.
 */
export function joinedArray(items: readonly Uint8Array[]): Buffer {
  const size = items.reduce((sum, { length }) => sum + length + GAP_MAX, GAP_MAX);
  const text = Buffer.allocUnsafe(size);
  let at = 0;
  text[at++] = OPEN;
  for (let index = 0; index < items.length; ) {
    if (index > 0) text[at++] = COMMA;
    const behind = endOfNeighbours(items, index);
    at += copyNeighbours(items, index, behind, text, at);
    index = behind;
  }
  text[at++] = CLOSE;
  return text.subarray(0, at);
}

/** Index behind the last of the items that follow each other in memory. */
function endOfNeighbours(items: readonly Uint8Array[], from: number): number {
  let index = from + 1;
  for (; index < items.length; index += 1) {
    const [before, item] = [items[index - 1], items[index]];
    if (before === undefined || item === undefined || item.buffer !== before.buffer) break;
    const gap = item.byteOffset - before.byteOffset - before.length;
    if (gap < 1 || gap > GAP_MAX) break;
  }
  return index;
}

/** Returns how many bytes it wrote. */
function copyNeighbours(
  items: readonly Uint8Array[],
  from: number,
  behind: number,
  text: Uint8Array,
  at: number,
): number {
  const [first, last] = [items[from], items[behind - 1]];
  if (first === undefined || last === undefined) return 0;
  const length = last.byteOffset + last.length - first.byteOffset;
  text.set(new Uint8Array(first.buffer, first.byteOffset, length), at);
  let end = at + first.length;
  for (let index = from + 1; index < behind; index += 1) {
    const item = items[index];
    if (item === undefined) break;
    const start = at + item.byteOffset - first.byteOffset;
    text.fill(SPACE, end, start);
    text[end] = COMMA;
    end = start + item.length;
  }
  return length;
}
