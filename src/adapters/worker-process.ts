import { randomInt } from 'node:crypto';
import type { ServerLag } from '../replication/target/server-lags.ts';
import type { VersionInfo } from '../wire/cluster-members.ts';
import type { WorkerConfiguration } from '../wire/worker.ts';
import type { Clock } from '../worker/clock.ts';
import { ConditionLog } from '../worker/condition-log.ts';
import { Worker } from '../worker/worker.ts';
import { type ConnectedDeployment, connectDeployment, type DeploymentOptions } from './arangodb/deployment.ts';
import { type GivenSecrets, MasterSecrets } from './crypto/master-secrets.ts';
import type { Logger } from './logging/logger.ts';
import type { LinkPacking } from './mq/direct/direct-link.ts';
import { systemClock } from './system-clock.ts';
import { untilDone } from './until-done.ts';
import { WorkerCertificate } from './worker-certificate.ts';
import { connectMasters } from './worker-masters.ts';
import { hostId, placeOfWorker } from './worker-place.ts';
import { type Engines, rolesOverDirectQueue } from './worker-roles.ts';
import { nothingYet, serveWorker, takeSecrets, type WorkerParts } from './worker-server.ts';

/** Running requests get so long at the end. */
const STOP_GRACE_MS = 1_000;
/**
 * To one server of the database: a worker reads from all of them. More than the copies, and the reads of the log, that it
 * has under way at once, so that neither keeps the rest waiting.
 */
const CONNECTIONS_PER_SERVER_MAX = 32;
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
  /** Of links that it receives by. */
  readonly packing?: LinkPacking;
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
  /** Told about once a second how the received shards stand to the source's logs. */
  readonly onLag?: (lags: readonly ServerLag[]) => void;
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
  const parts: WorkerParts = { ...nothingYet, secrets };
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
  parts: WorkerParts,
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
  const done = <T>(what: string, step: () => Promise<T>) => untilDone(what, step, clock, log, signal);

  const configuration = await done('asking the masters for the configuration', () =>
    masters.configure(endpoint, signal),
  );
  if (configuration === undefined) return;
  if (configuration.mq.type !== 'direct') {
    throw new Error(`the masters use the message queue '${configuration.mq.type}'; this worker knows 'direct' only`);
  }
  const server = await serveWorker(options, configuration, parts, clock);
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
  const deployment = await done('connecting to the database', async () => {
    attempts += 1;
    // The token ends within seconds: whoever waits for its database needs another one.
    if (attempts > 1) await masters.configure(endpoint, signal);
    return await connectTo(configuration, options, { token: () => clusterToken, onBytesRead, onLogin });
  });
  if (deployment === undefined) return failing.signal.aborted ? Promise.reject(failing.signal.reason) : undefined;
  resources.defer(() => deployment.close());
  parts.deployment = deployment;
  const roles = rolesOverDirectQueue(
    options.openEngines({ deployment, workerId: id, endpoint, clock, log, onLag: (lags) => parts.lag?.told(lags) }),
    clock,
    log,
    options.packing,
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
    onInstructions: (instructions, askedMs) => {
      certificate.configurationIs(instructions.configuration, askedMs);
      parts.keyInUse = instructions.keyInUse;
    },
  });
  await parts.worker.run(failing.signal, told);
  failing.signal.throwIfAborted();
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
    connectionsMax: CONNECTIONS_PER_SERVER_MAX,
    ...told,
    ...(ca === undefined ? {} : { ca }),
  });
}
