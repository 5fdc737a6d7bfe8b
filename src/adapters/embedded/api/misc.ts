import type { Handler, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';

const NOT_IMPLEMENTED = 9;

/** What a real server has and the stand-in has not, with the words that say so (501/9). */
const ABSENT: ReadonlyMap<string, string> = new Map([
  ['/_api/cursor', 'AQL queries are not available on the embedded server'],
  ['/_api/query-cache', 'AQL queries are not available on the embedded server'],
  ['/_api/explain', 'AQL queries are not available on the embedded server'],
  ['/_api/simple', 'simple queries are not available on the embedded server'],
  ['/_api/tasks', 'tasks are not available on the embedded server'],
  ['/_api/foxx', 'Foxx services are not available on the embedded server'],
  ['/_admin/execute', 'JavaScript is not available on the embedded server'],
  ['/_api/control_pregel', 'Pregel is not available on the embedded server'],
]);

export function registerAbsent(router: Router): void {
  for (const [path, message] of ABSENT) {
    const refuse: Handler = () => {
      throw new ArangoApiError(NOT_IMPLEMENTED, message);
    };
    router.prefix(path, { GET: refuse, POST: refuse, PUT: refuse, PATCH: refuse, DELETE: refuse });
  }
}
