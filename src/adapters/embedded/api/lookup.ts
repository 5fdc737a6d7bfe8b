import type { FrontCollection, FrontDatabase } from '../cluster/front.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';

/** The database of a request; the door has made sure that it is there. */
export function databaseOf(request: ApiRequest): FrontDatabase {
  const database = request.server.front.database(request.database);
  if (database === undefined) throw new ArangoApiError(1228);
  return database;
}

/** A collection of the request's database by name or id; 404/1203 with the name, as most handlers answer. */
export function needFrontCollection(request: ApiRequest, nameOrId: string): FrontCollection {
  const collection = databaseOf(request).collection(nameOrId);
  if (collection === undefined) throw new ArangoApiError(1203, `collection or view not found: ${nameOrId}`);
  return collection;
}
