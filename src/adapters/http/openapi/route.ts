import type { Route } from '../routes.ts';
import { type DocumentOptions, openApiDocument } from './document.ts';

/** `GET /_api/openapi.json` for a table of routes, itself included; made when it is first asked for. */
export function openApiRoute(options: DocumentOptions): Route {
  let document: Record<string, unknown> | undefined;
  const route: Route = {
    method: 'GET',
    path: '/_api/openapi.json',
    rights: 'operator',
    at: 'any',
    handle: () => {
      document ??= openApiDocument({ ...options, routes: [...options.routes, route] });
      return document;
    },
  };
  return route;
}
