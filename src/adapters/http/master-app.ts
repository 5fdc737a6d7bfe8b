import type { Hono } from 'hono';
import type { Registry } from 'prom-client';
import type { Master } from '../../master/master.ts';
import type { VersionInfo } from '../../wire/cluster-members.ts';
import { type App, type AppOptions, createApp } from './app.ts';
import { eventsRoutes } from './master-routes/events-routes.ts';
import { memberRoutes } from './master-routes/member-routes.ts';
import { outgoingRoutes } from './master-routes/outgoing-routes.ts';
import { syncRoutes } from './master-routes/sync-routes.ts';
import { workerRoutes } from './master-routes/worker-routes.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { masterOperations } from './openapi/operations.ts';
import { openApiRoute } from './openapi/route.ts';
import type { Route } from './routes.ts';

export interface MasterAppOptions extends AppOptions {
  readonly version: VersionInfo;
  readonly registry: Registry;
  /** The door for messages of the other datacenter; checks queue tokens itself. */
  readonly queueDoors: Hono;
}

/** Everything a master serves. */
export function createMasterApp(master: Master, options: MasterAppOptions): App {
  const routes: Route[] = [
    ...memberRoutes(master, options.version),
    ...metricsRoutes(options.registry),
    ...syncRoutes(master),
    ...outgoingRoutes(master),
    ...workerRoutes(master),
    ...eventsRoutes(master),
  ];
  const document = {
    title: 'arangosync master',
    version: options.version.version,
    routes,
    operations: masterOperations,
  };
  return createApp([...routes, openApiRoute(document)], options, (app) => {
    app.route('/_api/mq/direct', options.queueDoors);
  });
}
