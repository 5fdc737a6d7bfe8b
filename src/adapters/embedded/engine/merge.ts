import { isNull, isObject, type Member, membersOf } from './json/members.ts';
import type { JsonText } from './types.ts';

export interface MergeOptions {
  /** False: nulls of the patch remove attributes. */
  readonly keepNull: boolean;
  /** True: objects are merged attribute by attribute. */
  readonly mergeObjects: boolean;
}

/**
 * The attributes of a patched document, as one text without braces (reference 4.2): what was there keeps its order, new
 * attributes follow in the patch's order; inside merged objects new ones follow sorted by name. System attributes are
 * left out on both sides. Texts of values are never written anew.
 */
export function mergeDocuments(stored: JsonText, patch: JsonText, options: MergeOptions): Buffer {
  const pieces: Buffer[] = [];
  mergeMembers(
    membersOf(stored).filter((member) => !isSystemName(member.name)),
    membersOf(patch).filter((member) => !isSystemName(member.name)),
    options,
    pieces,
  );
  return Buffer.concat(pieces);
}

function mergeMembers(stored: Member[], patch: Member[], options: MergeOptions, pieces: Buffer[]): void {
  const changes = new Map(patch.map((member) => [member.name, member]));
  const first = pieces.length;
  for (const member of stored) {
    const change = changes.get(member.name);
    if (change === undefined) pushMember(pieces, first, member, member.value);
    else if (options.mergeObjects && isObject(member.value) && isObject(change.value)) {
      pushName(pieces, first, member);
      pushMerged(pieces, member.value, change.value, options);
    } else pushNew(pieces, first, change, options);
    changes.delete(member.name);
  }
  for (const change of changes.values()) pushNew(pieces, first, change, options);
}

function pushMerged(pieces: Buffer[], stored: JsonText, patch: JsonText, options: MergeOptions): void {
  pieces.push(OPEN);
  const inner: Buffer[] = [];
  mergeMembers(membersOf(stored), membersOf(patch).sort(byName), options, inner);
  for (const piece of inner) pieces.push(piece);
  pieces.push(CLOSE);
}

/** A value of the patch that takes the place of nothing, or of something that is no object. */
function pushNew(pieces: Buffer[], first: number, change: Member, options: MergeOptions): void {
  if (options.keepNull) {
    pushMember(pieces, first, change, change.value);
    return;
  }
  if (isNull(change.value)) return;
  if (!isObject(change.value)) {
    pushMember(pieces, first, change, change.value);
    return;
  }
  pushName(pieces, first, change);
  pieces.push(OPEN);
  const inner: Buffer[] = [];
  mergeMembers([], membersOf(change.value), options, inner);
  for (const piece of inner) pieces.push(piece);
  pieces.push(CLOSE);
}

function pushMember(pieces: Buffer[], first: number, named: Member, value: JsonText): void {
  pushName(pieces, first, named);
  pieces.push(value.bytes.subarray(value.start, value.end));
}

function pushName(pieces: Buffer[], first: number, { nameText }: Member): void {
  if (pieces.length > first) pieces.push(COMMA);
  pieces.push(nameText.bytes.subarray(nameText.start, nameText.end), COLON);
}

function byName(a: Member, b: Member): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

export function isSystemName(name: string): boolean {
  return name === '_key' || name === '_id' || name === '_rev' || name === '_from' || name === '_to';
}

const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');
const COMMA = Buffer.from(',');
const COLON = Buffer.from(':');
