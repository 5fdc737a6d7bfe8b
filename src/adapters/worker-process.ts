import { randomInt } from 'node:crypto';
import type { VersionInfo } from '../wire/cluster-members.ts';
import type { WorkerConfiguration } from '../wire/worker.ts';
import { BackOff } from '../worker/back-off.ts';
import type { Clock } from '../worker/clock.ts';
import { ConditionLog } from '../worker/condition-log.ts';
import { Worker } from '../worker/worker.ts';
import { type ConnectedDeployment, connectDeployment, type DeploymentOptions } from './arangodb/deployment.ts';
import { type GivenSecrets, MasterSecrets, OLD_SECRET_MS } from './crypto/master-secrets.ts';
import { Authentication } from './http/authentication.ts';
import { type RunningServer, serveHttps } from './http/https-server.ts';
import { arangoUserCheck, userCheckTooEarly } from './http/user-check.ts';
import { createWorkerApp } from './http/worker-app.ts';
import type { Logger } from './logging/logger.ts';
import { HttpMetrics } from './metrics/http-metrics.ts';
import { createRegistry } from './metrics/registry.ts';
import { linkRoutes } from './mq/direct/link-routes.ts';
import { QueueTokens } from './mq/token.ts';
import { systemClock } from './system-clock.ts';
import { WorkerCertificate } from './worker-certificate.ts';
import { connectMasters } from './worker-masters.ts';
import { registerWorkerMetrics } from './worker-metrics.ts';
import { hostId, placeOfWorker } from './worker-place.ts';
import { type Engines, rolesOverDirectQueue, type WorkerRoles } from './worker-roles.ts';

/** Pause after a failed start step: first and longest. */
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5_000;
/** Running requests get so long at the end. */
const STOP_GRACE_MS = 1_000;
const ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 20;

/** What `run worker` knows; everything else comes from the masters. */
export interface WorkerProcessOptions {
  readonly masterEndpoints: readonly string[];
  /** `--master.jwtSecret`; several: all are accepted, the first one signs. */
  readonly masterSecret: string | readonly string[];
  /** `--server.endpoint`: how the masters reach this worker. */
  readonly endpoint: string;
  readonly port: number;
  readonly log: Logger;
  readonly version: VersionInfo;
  /** Address to listen on; default: all. */
  readonly host?: string;
  /** `--server.public-endpoint`: how workers of the other datacenter reach it without passing the masters. */
  readonly publicEndpoint?: string;
  readonly monitoringToken?: string;
  /** PEM; absent: the masters' certificates are not verified. */
  readonly masterCa?: string;
  /** PEM; wins over what the masters say. Neither: the servers' certificates are not verified. */
  readonly clusterCa?: string;
  readonly clock?: Clock;
  /** What the worker runs on its deployment. */
  readonly openEngines: (context: EnginesContext) => Engines;
}

export interface EnginesContext {
  readonly deployment: ConnectedDeployment;
  readonly workerId: string;
  /** How this datacenter reaches the worker: the same over its restarts, another for every worker. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WorkerProcess {
  readonly id: string;
  /** Resolves when the worker listens, rejects when it cannot, or was stopped before. */
  readonly listening: Promise<{ readonly port: number }>;
  /** Resolves when everything has ended; rejects with what made the worker end by itself. */
  readonly ended: Promise<void>;
  /** Takes other secrets where they are given, and asks the masters for a new certificate. */
  reload(changes: { readonly masterSecrets?: GivenSecrets }): Promise<void>;
  /** Hands its tasks over, signs off, closes everything; the same as `ended`. */
  stop(): Promise<void>;
}

/** Starts a worker. It waits for its masters and its database for ever; only a port it cannot have ends it. */
export function startWorker(options: WorkerProcessOptions): WorkerProcess {
  const id = Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join('');
  const stopping = new AbortController();
  const listening = Promise.withResolvers<{ readonly port: number }>();
  listening.promise.catch(() => undefined);
  const { masterSecret } = options;
  const clock = options.clock ?? systemClock;
  const given = typeof masterSecret === 'string' ? [masterSecret] : masterSecret;
  const secrets = new MasterSecrets(given, () => clock.monotonicMs());
  const parts: Parts = { ...nothingYet, secrets };
  secrets.follow(() => parts.keyInUse);
  const ended = runWorkerProcess(id, options, clock, parts, listening.resolve, stopping.signal).finally(() =>
    listening.reject(new Error('the worker has ended')),
  );
  return {
    id,
    listening: listening.promise,
    ended,
    reload: async ({ masterSecrets }) => {
      if (masterSecrets !== undefined) takeSecrets(masterSecrets, secrets, options.log);
      parts.certificate?.renewNow();
    },
    stop: () => {
      stopping.abort(new Error('the worker was told to stop'));
      return ended;
    },
  };
}

async function runWorkerProcess(
  id: string,
  options: WorkerProcessOptions,
  clock: Clock,
  parts: Parts,
  onListening: (listening: { readonly port: number }) => void,
  told: AbortSignal,
): Promise<void> {
  const { masterEndpoints, masterCa, endpoint, log } = options;
  const { secrets } = parts;
  const failing = new AbortController();
  const signal = AbortSignal.any([told, failing.signal]);
  if (masterCa === undefined) log.warn("the masters' certificates are not verified: no --master.cacert was given");
  let clusterToken = '';
  const masters = connectMasters({
    onClusterToken: (token) => {
      clusterToken = token;
    },
    endpoints: masterEndpoints,
    secret: secrets.all,
    keyIds: () => secrets.keyIds(),
    workerId: id,
    ...(masterCa === undefined ? {} : { ca: masterCa }),
  });
  await using resources = new AsyncDisposableStack();
  resources.defer(() => masters.close());
  const untilDone = <T>(what: string, step: () => Promise<T>) => repeat(what, step, clock, log, signal);

  const configuration = await untilDone('asking the masters for the configuration', () =>
    masters.configure(endpoint, signal),
  );
  if (configuration === undefined) return;
  if (configuration.mq.type !== 'direct') {
    throw new Error(`the masters use the message queue '${configuration.mq.type}'; this worker knows 'direct' only`);
  }
  const server = await listen(options, configuration, parts, clock);
  resources.defer(() => server.stop(STOP_GRACE_MS));
  onListening({ port: server.port });
  log.info(`worker ${id} listens on port ${server.port}`, { endpoint });

  const certificate = new WorkerCertificate({
    first: configuration,
    renew: (stop) => masters.configure(endpoint, stop, true),
    use: ({ httpServer: { certificate: cert, key, clientCaCertificate: clientCa } }) =>
      server.use({ certificate: cert, key, ...(clientCa === undefined ? {} : { clientCa }) }),
    clock,
    log,
  });
  parts.certificate = certificate;
  const keeping = certificate.keep(signal).catch((error: unknown) => failing.abort(error));
  resources.defer(() => {
    failing.abort();
    return keeping;
  });

  warnUnverified(configuration, options);
  const onBytesRead = (bytes: number) => {
    parts.databaseBytesRead += bytes;
  };
  const login = new ConditionLog(log, 'the database');
  const onLogin = (isRefused: boolean) =>
    isRefused ? login.failed('refuses the lent token: everything waits for the next one') : login.fine();
  let attempts = 0;
  const deployment = await untilDone('connecting to the database', async () => {
    attempts += 1;
    // The token ends within seconds: whoever waits for its database needs another one.
    if (attempts > 1) await masters.configure(endpoint, signal);
    return await connectTo(configuration, options, { token: () => clusterToken, onBytesRead, onLogin });
  });
  if (deployment === undefined) return failing.signal.aborted ? Promise.reject(failing.signal.reason) : undefined;
  resources.defer(() => deployment.close());
  parts.deployment = deployment;
  const roles = rolesOverDirectQueue(
    options.openEngines({ deployment, workerId: id, endpoint, clock, log }),
    clock,
    log,
  );
  parts.roles = roles;
  const { publicEndpoint } = options;
  const place = await placeOfWorker(deployment.front, endpoint, signal).catch((error: unknown) => {
    log.warn('which DB-Server is beside this worker cannot be found out', { error });
    return { HostID: hostId() };
  });
  if (signal.aborted) return failing.signal.aborted ? Promise.reject(failing.signal.reason) : undefined;
  log.info('found its place', { ...place });
  parts.worker = new Worker({
    registration: { id, endpoint, ...place, ...(publicEndpoint === undefined ? {} : { publicEndpoint }) },
    masters,
    roles,
    clock,
    log,
    onInstructions: (instructions) => {
      certificate.configurationIs(instructions.configuration);
      parts.keyInUse = instructions.keyInUse;
    },
  });
  await parts.worker.run(failing.signal, told);
  failing.signal.throwIfAborted();
}

function takeSecrets(given: GivenSecrets, secrets: MasterSecrets, log: Logger): void {
  if (secrets.replace(given)) log.info('accepts other master secrets', { keys: secrets.keyIds() });
}

/** What comes into being after the server listens. */
interface Parts {
  readonly secrets: MasterSecrets;
  certificate: WorkerCertificate | undefined;
  /** Key of the master secret that the datacenter uses, as the leader last said. */
  keyInUse: string | undefined;
  deployment: ConnectedDeployment | undefined;
  roles: WorkerRoles | undefined;
  worker: Worker | undefined;
  databaseBytesRead: number;
}

const nothingYet = {
  ...{ certificate: undefined, keyInUse: undefined },
  ...{ deployment: undefined, roles: undefined, worker: undefined, databaseBytesRead: 0 },
};

function listen(
  options: WorkerProcessOptions,
  configuration: WorkerConfiguration,
  parts: Parts,
  clock: Clock,
): Promise<RunningServer> {
  const { log, monitoringToken, version } = options;
  const { secrets } = parts;
  const registry = createRegistry();
  const http = new HttpMetrics(registry);
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

function ailmentOf({ deployment, worker }: Parts): string | undefined {
  if (deployment === undefined) return 'the database was not reached yet';
  return worker?.status.registered === true ? undefined : 'not registered at the masters';
}

/** What the worker's own option says, else what the masters were given. */
function clusterCaOf({ cluster }: WorkerConfiguration, options: WorkerProcessOptions): string | undefined {
  return options.clusterCa ?? cluster.caCertificate;
}

function warnUnverified(configuration: WorkerConfiguration, options: WorkerProcessOptions): void {
  const isSecure = configuration.cluster.endpoints.some((endpoint) => /^(https|ssl|http\+ssl):/i.test(endpoint));
  if (!isSecure || clusterCaOf(configuration, options) !== undefined) return;
  options.log.warn("the database's certificates are not verified: neither --cluster.cacert nor the masters gave a CA");
}

function connectTo(
  configuration: WorkerConfiguration,
  options: WorkerProcessOptions,
  { token, ...told }: { readonly token: () => string } & Pick<DeploymentOptions, 'onBytesRead' | 'onLogin'>,
): Promise<ConnectedDeployment> {
  const { cluster } = configuration;
  const ca = clusterCaOf(configuration, options);
  return connectDeployment({
    endpoints: cluster.endpoints,
    credentials: cluster.token === '' ? { kind: 'none' } : { kind: 'token', token },
    verify: ca !== undefined,
    ...told,
    ...(ca === undefined ? {} : { ca }),
  });
}

/** Repeats a step until it succeeds; undefined when the signal fires before. */
async function repeat<T>(
  what: string,
  step: () => Promise<T>,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<T | undefined> {
  const backOff = new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS);
  const trouble = new ConditionLog(log, what);
  while (!signal.aborted) {
    try {
      const outcome = await step();
      trouble.fine();
      return outcome;
    } catch (error) {
      if (signal.aborted) break;
      trouble.failed(error);
      await clock.sleep(backOff.next(), signal);
    }
  }
  return undefined;
}
