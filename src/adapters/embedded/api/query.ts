import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, type Reply } from '../http/reply.ts';

const NOT_IMPLEMENTED = 9;

/**
 * `GET /_api/query/current`: the queries that run. There are none, because there is no AQL: everything else under this
 * path is 501. `all=true`, for every database, is for the superuser in `_system`, as on a real server.
 */
export function registerQuery(router: Router): void {
  router.prefix('/_api/query', { GET: read, POST: refuse, PUT: refuse, DELETE: refuse });
}

function read(request: ApiRequest): Reply {
  const [what] = request.suffix;
  return what === 'current' && request.suffix.length === 1 ? json(200, []) : refuse();
}

function refuse(): never {
  throw new ArangoApiError(NOT_IMPLEMENTED, 'AQL queries are not available on the embedded server');
}
