/** What a piece of a pattern stands for: itself, one character, or any number of them. */
type Piece = { readonly is: string } | 'one' | 'any';

/** A pattern for one name, read by {@link readPattern}. */
export type NamePattern = readonly Piece[];

export interface Pattern {
  readonly database: NamePattern;
  /** Absent: the database as a whole. */
  readonly collection?: NamePattern;
}

/** A text that is no pattern; the message says why. */
export class BadPattern extends Error {
  override readonly name = 'BadPattern';
}

/**
 * Reads `database` or `database/collection`: `*` is any number of characters, `?` one; a backslash takes the character
 * behind it as it is. Names are compared in Unicode's composed form, in which the server keeps them. Throws
 * {@link BadPattern}.
 */
export function readPattern(text: string): Pattern {
  const [database = [], collection, ...more] = readParts(text);
  if (more.length > 0) throw new BadPattern(`has more than one '/': write database/collection`);
  if (database.length === 0) throw new BadPattern('names no database: write database or database/collection');
  if (collection === undefined) return { database };
  if (collection.length === 0) throw new BadPattern(`names no collection behind '/'`);
  return { database, collection };
}

function readParts(text: string): Piece[][] {
  const parts: Piece[][] = [[]];
  const characters = Array.from(text.normalize('NFC'))[Symbol.iterator]();
  for (const character of characters) {
    const part = parts.at(-1);
    if (character === '/') parts.push([]);
    else if (character === '*') part?.push('any');
    else if (character === '?') part?.push('one');
    else if (character === '\\') part?.push({ is: escapedBy(characters) });
    else part?.push({ is: character });
  }
  return parts;
}

function escapedBy(characters: Iterator<string>): string {
  const { done, value } = characters.next();
  if (done === true) throw new BadPattern(`ends with '\\': write '\\\\' for the character itself`);
  return value;
}

/** Whether the pattern is the whole name. Looks at each character at most once per `*`: no name makes it slow. */
export function matches(pattern: NamePattern, name: string): boolean {
  const characters = Array.from(name);
  let [at, piece] = [0, 0];
  let star: { readonly piece: number; readonly at: number } | undefined;
  while (at < characters.length) {
    const wanted = pattern[piece];
    if (wanted === 'any') {
      star = { piece, at };
      piece += 1;
    } else if (wanted !== undefined && (wanted === 'one' || wanted.is === characters[at])) {
      at += 1;
      piece += 1;
    } else if (star !== undefined) {
      // The last `*` takes one character more.
      star = { piece: star.piece, at: star.at + 1 };
      [at, piece] = [star.at, star.piece + 1];
    } else return false;
  }
  return pattern.slice(piece).every((left) => left === 'any');
}

/** As {@link matches}; a `*` or `?` at the beginning is no underscore: system collections are named or left out. */
export function matchesCollection(pattern: NamePattern, name: string): boolean {
  const [first] = pattern;
  if (name.startsWith('_') && (first === 'any' || first === 'one')) return false;
  return matches(pattern, name);
}

/** A name as a pattern that matches nothing else. */
export function patternOf(name: string): string {
  return name.replace(/[\\*?/,]/g, '\\$&');
}
