const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/**
 * The items of a JSON array as the bytes they stand in: parsing a document and printing it again would change numbers
 * (reference 1.2). The items are views into the body. Throws when the body is no array; what the items hold is not looked
 * at.
 */
export function itemsOf(body: Buffer): readonly Buffer[] {
  let at = skipSpace(body, 0);
  if (body[at] !== OPEN_BRACKET) throw new Error('an array was expected');
  at = skipSpace(body, at + 1);
  const items: Buffer[] = [];
  if (body[at] === CLOSE_BRACKET) return items;
  for (;;) {
    const end = endOfItem(body, at);
    items.push(body.subarray(at, end));
    at = skipSpace(body, end);
    if (body[at] === CLOSE_BRACKET) return items;
    if (body[at] !== COMMA) throw new Error('an array ends inside of an item');
    at = skipSpace(body, at + 1);
  }
}

/** The place behind the value that begins at `start`, inside of an array or an object. */
export function endOfItem(body: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  for (; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfText(body, at);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      // The end of the array itself, behind a number or a word.
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) return at;
  }
  return at;
}

/** The place of the quote that ends the text which begins at `start`. */
export function endOfText(body: Buffer, start: number): number {
  let at = body.indexOf(QUOTE, start + 1);
  while (at !== -1 && isEscaped(body, at)) at = body.indexOf(QUOTE, at + 1);
  return at === -1 ? body.length : at;
}

function isEscaped(body: Buffer, quote: number): boolean {
  let backslashes = 0;
  while (body[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** The first place from `start` on at which there is no white space. */
export function skipSpace(body: Buffer, start: number): number {
  let at = start;
  while ((body[at] ?? SPACE + 1) <= SPACE) at += 1;
  return at;
}
