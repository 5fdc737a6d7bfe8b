import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../engine/types.ts';
import { isObject } from '../http/body.ts';
import { ArangoApiError } from '../http/errors.ts';

/** What stands at a key after an operation (reference 2.8); undefined: nothing. A plain value sets. */
export function applyOperation(old: Json | undefined, operation: Json): Json | undefined {
  if (!isObject(operation) || typeof operation.op !== 'string') return operation;
  const list = Array.isArray(old) ? (old as readonly Json[]) : [];
  const added = operation.new ?? null;
  switch (operation.op) {
    case 'set':
      return added;
    case 'delete':
      return undefined;
    case 'increment':
      return numberOf(old) + stepOf(operation.step);
    case 'decrement':
      return numberOf(old) - stepOf(operation.step);
    case 'push':
      return [...list, added];
    case 'prepend':
      return [added, ...list];
    case 'pop':
      return list.slice(0, -1);
    case 'shift':
      return list.slice(1);
    case 'erase':
      return typeof operation.pos === 'number'
        ? list.filter((_, index) => index !== operation.pos)
        : list.filter((item) => !isDeepStrictEqual(item, operation.val));
    case 'replace':
      return list.map((item) => (isDeepStrictEqual(item, operation.val) ? added : item));
    default:
      throw new ArangoApiError(20030, `unknown agency operation '${operation.op}'`, 400);
  }
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function stepOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 1;
}
