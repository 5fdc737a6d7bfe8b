import type { FrontDatabase } from '../cluster/front.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';

/** The database of a request; the door has made sure that it is there. */
export function databaseOf(request: ApiRequest): FrontDatabase {
  const database = request.server.front.database(request.database);
  if (database === undefined) throw new ArangoApiError(1228);
  return database;
}
