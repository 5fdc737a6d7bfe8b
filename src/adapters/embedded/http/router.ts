import type { Handler, Method, Methods, Router, ServerProcess } from './contract.ts';
import { ArangoApiError } from './errors.ts';
import { decodePart } from './location.ts';

interface Route {
  readonly methods: Methods;
  readonly exact: boolean;
}

/** What a path leads to. */
export interface Found {
  readonly handler: Handler;
  readonly suffix: readonly string[];
}

/** {@link Router} as a tree of path parts. One per server. */
export class PathRouter implements Router {
  readonly server: ServerProcess;
  readonly #routes = new Map<string, Route>();

  constructor(server: ServerProcess) {
    this.server = server;
  }

  exact(path: string, methods: Methods): void {
    this.#add(path, { methods, exact: true });
  }

  prefix(path: string, methods: Methods): void {
    this.#add(path, { methods, exact: false });
  }

  #add(path: string, route: Route): void {
    if (this.#routes.has(path)) throw new Error(`${path} is registered twice`);
    this.#routes.set(path, route);
  }

  /** The handler for a path; 404/404 and 405/405 as the contract says, 400/400 for a part that cannot be decoded. */
  find(method: string, path: string): Found {
    const [route, rest] = this.#longest(path);
    const suffix = rest === '' ? [] : rest.slice(1).split('/').map(decoded);
    if (suffix.length > 0 && suffix.at(-1) === '') suffix.pop();
    if (route.exact && suffix.length > 0) throw new ArangoApiError(404, `unknown path '${path}'`);
    const handler = route.methods[method as Method] ?? (method === 'HEAD' ? route.methods.GET : undefined);
    if (handler === undefined) throw new ArangoApiError(405);
    return { handler, suffix };
  }

  #longest(path: string): [Route, string] {
    let end = path.length;
    while (end > 0) {
      const route = this.#routes.get(path.slice(0, end));
      if (route !== undefined) return [route, path.slice(end)];
      end = path.lastIndexOf('/', end - 1);
    }
    throw new ArangoApiError(404, `unknown path '${path}'`);
  }
}

function decoded(part: string): string {
  const text = decodePart(part);
  if (text === undefined) throw new ArangoApiError(400, 'invalid percent-encoding in the path');
  return text;
}
