import type { Json, JsonObject } from '../engine/types.ts';

/** A definition while it is put together; attributes keep the order in which they are set. */
export type MutableJson = Record<string, Json | undefined>;

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** A boolean attribute; anything that is no boolean counts as not given, as on the server. */
export function booleanOr(value: Json | undefined, fallback: boolean): boolean {
  return typeof value === 'boolean' ? value : fallback;
}

/** A number attribute; anything that is no number counts as not given. */
export function numberOr(value: Json | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

export function textOr(value: Json | undefined, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

/** Only the texts of an array; undefined when it is no array of texts. */
export function textsOf(value: Json | undefined): readonly string[] | undefined {
  if (!isJsonArray(value)) return undefined;
  const texts = value.filter((item): item is string => typeof item === 'string');
  return texts.length === value.length ? texts : undefined;
}

/** Equal as JSON values: attribute order does not count, array order does. */
export function jsonEqual(left: Json | undefined, right: Json | undefined): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: Json | undefined): string {
  if (isJsonArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(',')}}`;
}

/** The same object with its attributes in alphabetical order, as index answers have them (reference 3.3). */
export function sortedByName(value: JsonObject): JsonObject {
  const sorted: MutableJson = {};
  for (const name of Object.keys(value).sort()) sorted[name] = value[name];
  return sorted;
}
