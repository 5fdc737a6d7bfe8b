import type { JsonText } from '../types.ts';
import { elementsOf, isArray, isObject, isText, membersOf, rawText, textValue } from './members.ts';

/**
 * One text for all JSON texts of the same value: numbers by value, attributes sorted by name. Two documents collide in a
 * unique index iff these are equal.
 */
export function canonicalJson(text: JsonText | undefined): string {
  if (text === undefined) return 'null';
  if (isText(text)) return JSON.stringify(textValue(text));
  if (isArray(text)) return `[${elementsOf(text).map(canonicalJson).join(',')}]`;
  if (isObject(text)) {
    const members = membersOf(text).map((member) => `${JSON.stringify(member.name)}:${canonicalJson(member.value)}`);
    return `{${members.sort().join(',')}}`;
  }
  const raw = rawText(text);
  return raw === 'true' || raw === 'false' || raw === 'null' ? raw : canonicalNumber(raw);
}

/** A number's text for comparison: integers exactly, everything else as a double. */
export function canonicalNumber(raw: string): string {
  const value = Number(raw);
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
  return /^-?[0-9]+$/.test(raw) ? BigInt(raw).toString() : String(value);
}
