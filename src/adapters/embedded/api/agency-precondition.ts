import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../engine/types.ts';
import { isObject } from '../http/body.ts';

const names = ['old', 'oldNot', 'oldEmpty', 'isArray', 'in', 'notin', 'intersectionEmpty'] as const;

/** Whether a precondition of the agency holds for the value at its key (reference 2.8). A plain value means equal. */
export function holds(value: Json | undefined, condition: Json): boolean {
  if (!isObject(condition) || !names.some((name) => condition[name] !== undefined)) {
    return isDeepStrictEqual(value ?? null, condition);
  }
  return names.every((name) => {
    const wanted = condition[name];
    return wanted === undefined || holdsOne(value, name, wanted);
  });
}

function holdsOne(value: Json | undefined, name: (typeof names)[number], wanted: Json): boolean {
  const list = Array.isArray(value) ? (value as readonly Json[]) : undefined;
  const contains = (item: Json) => list?.some((other) => isDeepStrictEqual(other, item)) === true;
  switch (name) {
    case 'old':
      return isDeepStrictEqual(value ?? null, wanted);
    case 'oldNot':
      return !isDeepStrictEqual(value ?? null, wanted);
    case 'oldEmpty':
      return (value === undefined) === wanted;
    case 'isArray':
      return (list !== undefined) === wanted;
    case 'in':
      return contains(wanted);
    case 'notin':
      return !contains(wanted);
    case 'intersectionEmpty':
      return Array.isArray(wanted) && !(wanted as readonly Json[]).some(contains);
  }
}
