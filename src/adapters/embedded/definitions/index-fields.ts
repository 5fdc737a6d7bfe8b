import { EngineError } from '../engine/errors.ts';
import type { Json } from '../engine/types.ts';
import { isJsonArray, isJsonObject } from './json.ts';

const BAD_PARAMETER = 10;

export interface FieldRules {
  readonly min: number;
  readonly max: number;
  /** `a.b` is a field (not in TTL indexes). */
  readonly allowSubAttributes: boolean;
  /** `tags[*]` is a field (persistent indexes only). */
  readonly allowExpansion: boolean;
  /** `_id` is a field (stored values and prefixes only). */
  readonly allowId: boolean;
  /** Names may begin or end with a colon (older versions only). */
  readonly allowColon?: boolean;
}

export const ONE_FIELD: FieldRules = {
  min: 1,
  max: 1,
  allowSubAttributes: true,
  allowExpansion: false,
  allowId: false,
};
export const MANY_FIELDS: FieldRules = { ...ONE_FIELD, max: Number.MAX_SAFE_INTEGER };
export const STORED_FIELDS: FieldRules = { ...ONE_FIELD, max: 32, allowId: true };

/** Checks a list of attribute paths and hands it back; 400/10 with the server's own words otherwise. */
export function indexFields(value: Json | undefined, rules: FieldRules): readonly string[] {
  const fields = new Set<string>();
  for (const item of isJsonArray(value) ? value : []) fields.add(checkedField(item, fields, rules));
  if (fields.size < rules.min || fields.size > rules.max) throw badParameter('invalid number of index attributes');
  return [...fields];
}

function checkedField(item: Json, seen: ReadonlySet<string>, rules: FieldRules): string {
  if (isJsonObject(item)) throw badParameter('index field names must be only strings');
  if (typeof item !== 'string' || item === '') throw badParameter('index field names must be non-empty strings');
  if (seen.has(item)) throw badParameter('duplicate attribute name in index fields list');
  if (!rules.allowSubAttributes && item.includes('.')) {
    throw badParameter('cannot index a sub-attribute in this type of index');
  }
  if (!rules.allowId && /^(.+\.)?_id$/.test(item)) throw badParameter('_id attribute cannot be indexed');
  refuseMalformedPath(item, rules);
  return item;
}

function refuseMalformedPath(path: string, { allowExpansion, allowColon = false }: FieldRules): void {
  const parts = path.split('.');
  const expanded = parts.filter((part) => part.endsWith('[*]')).length;
  const isWellFormed = parts.every((part) => /^[^[\]]+(\[\*\])?$/.test(part));
  if (!isWellFormed || expanded > 1 || (expanded > 0 && !allowExpansion)) {
    throw new EngineError(1220, `cannot use [*] expansion or malformed attribute path: ${path}`, 400);
  }
  if (!allowColon && parts.some((part) => part.startsWith(':') || part.endsWith(':'))) {
    throw badParameter(`attribute name '${path}' must not start or end with ':'`);
  }
}

export function badParameter(message = 'bad parameter'): EngineError {
  return new EngineError(BAD_PARAMETER, message);
}
