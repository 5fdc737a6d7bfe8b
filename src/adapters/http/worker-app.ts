import type { Hono } from 'hono';
import type { Registry } from 'prom-client';
import { ApiError } from '../../wire/api-error.ts';
import type { VersionInfo } from '../../wire/cluster-members.ts';
import { NewMasterSecret } from '../../wire/worker.ts';
import type { LinkRoutesEnv } from '../mq/direct/link-routes.ts';
import { type Answered, type App, createApp } from './app.ts';
import type { Authentication } from './authentication.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { workerProcessOperations } from './openapi/operations.ts';
import { openApiRoute } from './openapi/route.ts';
import type { Route } from './routes.ts';

export interface WorkerAppOptions {
  readonly authentication: Authentication;
  readonly version: VersionInfo;
  readonly registry: Registry;
  /** Why this worker is not healthy; undefined when it is. */
  readonly ailment: () => string | undefined;
  /** The masters have a new secret for us. */
  readonly onSecret: (secret: string) => void;
  /** Endpoints of links; they check queue tokens themselves. */
  readonly links: Hono<LinkRoutesEnv>;
  readonly onUnexpected: (error: unknown, request: { method: string; path: string }) => void;
  readonly onAnswered: (answered: Answered) => void;
}

/** Everything a worker serves: what it is, how it is, its figures, and the links of its tasks. */
export function createWorkerApp(options: WorkerAppOptions): App {
  const { authentication, onUnexpected, onAnswered, version } = options;
  const routes = routesOf(options);
  const document = {
    title: 'arangosync worker',
    version: version.version,
    routes,
    operations: workerProcessOperations,
  };
  return createApp([...routes, openApiRoute(document)], { authentication, onUnexpected, onAnswered }, (app) => {
    app.route('/_api/mq/direct/link', options.links);
  });
}

function routesOf({ version, registry, ailment, onSecret }: WorkerAppOptions): Route[] {
  return [
    { method: 'GET', path: '/_api/version', rights: 'monitoring', at: 'any', handle: () => version },
    { method: 'GET', path: '/_api/role', rights: 'operator', at: 'any', handle: () => ({ role: 'worker' }) },
    {
      method: 'GET',
      path: '/_api/health',
      rights: 'operator',
      at: 'any',
      handle: () => {
        const why = ailment();
        if (why !== undefined) throw new ApiError(503, why);
        return {};
      },
    },
    {
      method: 'PUT',
      path: '/_api/worker/configure',
      rights: 'internal',
      at: 'any',
      handle: async ({ body }) => {
        onSecret((await body(NewMasterSecret)).secret);
        return {};
      },
    },
    ...metricsRoutes(registry),
  ];
}
