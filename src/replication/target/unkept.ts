import type { IndexDefinition } from '../inventory.ts';
import { canonical, isIndexDefinition } from './index-difference.ts';

type Definition = Readonly<Record<string, unknown>>;

/**
 * Whether two definitions say the same where both say something: versions complete what they are given with attributes of
 * their own, and leave out what they do not know.
 */
export function sameWhereBothTell(source: unknown, target: unknown): boolean {
  if (!isDefinition(source) || !isDefinition(target)) return canonical(source) === canonical(target);
  return Object.keys(source)
    .filter((name) => name in target)
    .every((name) => sameWhereBothTell(source[name], target[name]));
}

/** Attributes that the source's definition uses and the target's does not know: they are lost there. */
export function unkeptAttributes(source: Definition, target: Definition): readonly string[] {
  return Object.keys(source).filter((name) => !(name in target) && !isUnused(source[name]));
}

/** Told by newer versions, and so in older ones. */
const ALWAYS_SO = new Set(['estimates', 'fieldValueTypes']);

/** Attributes that the target's version does not know of an index. */
export function unkeptOfIndex(source: IndexDefinition, target: IndexDefinition): readonly string[] {
  const definition = Object.entries(source).filter(([name]) => isIndexDefinition(name) && !ALWAYS_SO.has(name));
  return unkeptAttributes(Object.fromEntries(definition), target);
}

/** As it is where nobody gave it. */
function isUnused(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why a part of a definition is not on the target. */
export function unkeptReason(what: string, names: readonly string[]): string {
  return `the target does not know ${names.join(', ')} of ${what}: it is replicated without`;
}
