import { scanText } from '../engine/json/items.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import type { ApiRequest } from './contract.ts';
import { ArangoApiError } from './errors.ts';

/** The body as JSON, for definitions and options (never for documents). 400/600 when it is not JSON; undefined without a body. */
export function parseBody(request: ApiRequest): Json | undefined {
  if (request.body.length === 0) return undefined;
  try {
    return JSON.parse(request.body.toString('utf8')) as Json;
  } catch {
    // The scanner knows the words of the server's own parser.
    scanText(request.body);
    throw new ArangoApiError(600);
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The body when it is an object; `{}` otherwise (a body that is no object counts as `{}` in many calls, 3.2). */
export function objectOrEmpty(request: ApiRequest): JsonObject {
  const value = parseBody(request);
  return isObject(value) ? value : {};
}

/** The body when it is an object; else 400/400 (or the given number). */
export function needObject(request: ApiRequest, errorNum = 400, message?: string): JsonObject {
  const value = parseBody(request);
  if (!isObject(value)) throw new ArangoApiError(errorNum, message);
  return value;
}
