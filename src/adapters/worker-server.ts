import type { WorkerConfiguration } from '../wire/worker.ts';
import type { Clock } from '../worker/clock.ts';
import type { Worker } from '../worker/worker.ts';
import type { ConnectedDeployment } from './arangodb/deployment.ts';
import { type GivenSecrets, type MasterSecrets, OLD_SECRET_MS } from './crypto/master-secrets.ts';
import { Authentication } from './http/authentication.ts';
import { type RunningServer, serveHttps } from './http/https-server.ts';
import { arangoUserCheck, userCheckTooEarly } from './http/user-check.ts';
import { createWorkerApp } from './http/worker-app.ts';
import type { Logger } from './logging/logger.ts';
import { HttpMetrics } from './metrics/http-metrics.ts';
import { LagMetrics } from './metrics/lag-metrics.ts';
import { createRegistry } from './metrics/registry.ts';
import { linkRoutes } from './mq/direct/link-routes.ts';
import { QueueTokens } from './mq/token.ts';
import type { WorkerCertificate } from './worker-certificate.ts';
import { registerWorkerMetrics } from './worker-metrics.ts';
import type { WorkerProcessOptions } from './worker-process.ts';
import type { WorkerRoles } from './worker-roles.ts';

/** What comes into being after the server listens, and is told of by it. */
export interface WorkerParts {
  readonly secrets: MasterSecrets;
  certificate: WorkerCertificate | undefined;
  /** Key of the master secret that the datacenter uses, as the leader last said. */
  keyInUse: string | undefined;
  deployment: ConnectedDeployment | undefined;
  roles: WorkerRoles | undefined;
  worker: Worker | undefined;
  lag: LagMetrics | undefined;
  databaseBytesRead: number;
}

export const nothingYet = {
  ...{ certificate: undefined, keyInUse: undefined },
  ...{ deployment: undefined, roles: undefined, worker: undefined, lag: undefined, databaseBytesRead: 0 },
};

/** Serves what a worker answers, from before it has reached its database. */
export function serveWorker(
  options: WorkerProcessOptions,
  configuration: WorkerConfiguration,
  parts: WorkerParts,
  clock: Clock,
): Promise<RunningServer> {
  const { log, monitoringToken, version } = options;
  const { secrets } = parts;
  const registry = createRegistry();
  const http = new HttpMetrics(registry);
  parts.lag = new LagMetrics(registry);
  registerWorkerMetrics(registry, {
    status: () => parts.worker?.status ?? { registered: false, leaseMs: 0, term: undefined, tasks: 0 },
    links: () => parts.roles?.linkHost()?.size ?? 0,
    linkBufferedBytes: () => parts.roles?.linkHost()?.bufferedBytes ?? 0,
    databaseBytesRead: () => parts.databaseBytesRead,
  });
  const app = createWorkerApp({
    authentication: new Authentication({
      jwtSecret: secrets.all,
      ...(monitoringToken === undefined ? {} : { monitoringToken }),
      checkUser: async (user, password) =>
        parts.deployment === undefined ? userCheckTooEarly() : arangoUserCheck(parts.deployment.front)(user, password),
    }),
    version,
    registry,
    ailment: () => ailmentOf(parts),
    onSecret: (secret) => takeSecrets({ secrets: [secret], oldForMs: OLD_SECRET_MS }, secrets, log),
    links: linkRoutes({ host: () => parts.roles?.linkHost(), tokens: new QueueTokens(secrets.all), clock }),
    onUnexpected: (error, { method, path }) => log.error(`${method} ${path} failed`, { error }),
    onAnswered: (answered) => http.answered(answered),
  });
  const { certificate, key, clientCaCertificate: clientCa } = configuration.httpServer;
  return serveHttps(app, {
    host: options.host ?? '0.0.0.0',
    port: options.port,
    certificate,
    key,
    ...(clientCa === undefined ? {} : { clientCa }),
  });
}

export function takeSecrets(given: GivenSecrets, secrets: MasterSecrets, log: Logger): void {
  if (secrets.replace(given)) log.info('accepts other master secrets', { keys: secrets.keyIds() });
}

function ailmentOf({ deployment, worker }: WorkerParts): string | undefined {
  if (deployment === undefined) return 'the database was not reached yet';
  return worker?.status.registered === true ? undefined : 'not registered at the masters';
}
