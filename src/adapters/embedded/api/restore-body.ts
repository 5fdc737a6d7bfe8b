import type { JsonObject } from '../engine/types.ts';
import { isObject, needObject } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, type Reply } from '../http/reply.ts';

/** One element of `collections` of an inventory: the body of restore-collection and -indexes (7.1). */
export interface RestoredCollection {
  readonly name: string;
  readonly parameters: JsonObject;
  readonly indexes: readonly JsonObject[];
}

/** 400/400 for a body that is no such element. */
export function readRestoredCollection(request: ApiRequest): RestoredCollection {
  const { parameters, indexes } = needObject(request);
  if (!isObject(parameters)) throw new ArangoApiError(400, 'collection parameters declaration is invalid');
  if (!Array.isArray(indexes)) throw new ArangoApiError(400, 'collection indexes declaration is invalid');
  const { name } = parameters;
  if (typeof name !== 'string' || name === '') throw new ArangoApiError(400, 'collection name is missing');
  return { name, parameters, indexes: indexes.filter(isObject) };
}

export function isDeleted(parameters: JsonObject): boolean {
  return parameters.deleted === true;
}

/** Hidden children of smart edge collections: made with their parent, so not restored unless forced. */
export function isHiddenSmartName(name: string): boolean {
  return /^_(local|from|to)_/.test(name);
}

export function restored(): Reply {
  return json(200, { result: true });
}
