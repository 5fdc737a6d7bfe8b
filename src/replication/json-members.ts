import { endOfItem, endOfText, skipSpace } from './json-items.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN = Buffer.from('{');
const SEPARATOR = Buffer.from(',');

/** One member of an object, as places in its text. */
interface Member {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The place of the comma or the brace behind it. */
  readonly next: number;
}

/**
 * An object's text without some of its members, in pieces; what is left stands as it came. Looks no further than the last
 * of the names, which stand first in what servers print (reference 4.3). Throws when the text is no object.
 */
export function withoutMembers(object: Buffer, names: ReadonlySet<string>): readonly Buffer[] {
  const pieces: Buffer[] = [OPEN];
  let left = names.size;
  let rest = skipSpace(object, skipSpace(object, 0) + 1);
  for (const { name, start, end, next } of membersOf(object)) {
    if (left === 0) break;
    rest = object[next] === COMMA ? skipSpace(object, next + 1) : next;
    if (names.has(name)) left -= 1;
    else pieces.push(...afterComma(pieces), object.subarray(start, end));
  }
  const isMore = object[rest] !== CLOSE_BRACE;
  pieces.push(...(isMore ? afterComma(pieces) : []), object.subarray(rest));
  return pieces;
}

/** Whether the object has a member of this name. Throws when the text is no object. */
export function hasMember(object: Buffer, name: string): boolean {
  for (const member of membersOf(object)) if (member.name === name) return true;
  return false;
}

/** Between two members. */
function afterComma(pieces: readonly Buffer[]): readonly Buffer[] {
  return pieces.length > 1 ? [SEPARATOR] : [];
}

function* membersOf(object: Buffer): Generator<Member> {
  let at = skipSpace(object, 0);
  if (object[at] !== OPEN_BRACE) throw new Error('an object was expected');
  at = skipSpace(object, at + 1);
  while (object[at] !== CLOSE_BRACE) {
    const start = at;
    const nameEnd = endOfText(object, start);
    const colon = skipSpace(object, nameEnd + 1);
    if (object[colon] !== COLON) throw new Error('an object ends inside of a member');
    const end = endOfItem(object, skipSpace(object, colon + 1));
    const next = skipSpace(object, end);
    yield { name: object.toString('utf8', start + 1, nameEnd), start, end, next };
    if (object[next] !== COMMA && object[next] !== CLOSE_BRACE) throw new Error('an object ends inside of a member');
    at = object[next] === COMMA ? skipSpace(object, next + 1) : next;
  }
}
