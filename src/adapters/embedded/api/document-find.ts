import type { FrontCollection, Operation } from '../cluster/front.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';

/** The collection of the request's database by name or id; 404/1203. */
export function findCollection(request: ApiRequest, nameOrId: string): FrontCollection {
  const collection = request.server.front.database(request.database)?.collection(nameOrId);
  if (collection === undefined) throw new ArangoApiError(1203, `collection or view not found: ${nameOrId}`);
  return collection;
}

/** The streaming transaction that the request wants to act in (4.7). */
export function operationOf(request: ApiRequest): Operation {
  const trxId = request.headers['x-arango-trx-id'];
  return typeof trxId === 'string' ? { trxId } : {};
}

/** A revision of `if-match` or `if-none-match`, without its quotes. */
export function revisionHeader(request: ApiRequest, name: 'if-match' | 'if-none-match'): string | undefined {
  const value = request.headers[name];
  return value === undefined ? undefined : value.replace(/^"|"$/g, '');
}
