import { keyIdOf } from '../events/chain.ts';
import type { EventsKeep } from '../master/events-keep.ts';
import type { Master } from '../master/master.ts';
import type { CertificateAuthority, MasterTimes, VerificationSettings } from '../master/ports.ts';
import type { VersionInfo } from '../wire/cluster-members.ts';
import type { ConnectedDeployment } from './arangodb/deployment.ts';
import { createMaster } from './create-master.ts';
import { MasterSecrets } from './crypto/master-secrets.ts';
import { Authentication } from './http/authentication.ts';
import { Forwarder } from './http/forward.ts';
import { type RunningServer, serveHttps } from './http/https-server.ts';
import { createMasterApp } from './http/master-app.ts';
import { createStartingApp } from './http/starting-app.ts';
import { StrangerLog } from './http/stranger-log.ts';
import { arangoUserCheck, userCheckTooEarly } from './http/user-check.ts';
import type { Logger } from './logging/logger.ts';
import { openMasterDatabase } from './master-database.ts';
import { HttpMetrics } from './metrics/http-metrics.ts';
import { observeMaster } from './metrics/master-metrics.ts';
import { createRegistry } from './metrics/registry.ts';
import { createQueueDoors, type QueueDoors } from './mq/direct/doors.ts';
import type { QueueTokens } from './mq/token.ts';
import { type MasterReload, type Replaceable, reloadMaster } from './reload-master.ts';
import { systemClock as clock } from './system-clock.ts';
import { parseKeyfile } from './tls/index.ts';

/** What `run master` knows. PEM texts where certificates are meant. */
export interface MasterProcessOptions {
  /** Coordinators, or the single server. */
  readonly clusterEndpoints: readonly string[];
  readonly clusterJwtSecret: string;
  /** Verifies the database's certificates; absent: they are not verified. */
  readonly clusterCa?: string;
  /** Address to listen on; default: all. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** `--server.endpoint`: how this datacenter reaches this master. Absent: `https://127.0.0.1:<port>`. */
  readonly endpoint?: string;
  /** `--master.endpoint`: how the other datacenter reaches the masters. Absent or empty: the endpoint. */
  readonly publicEndpoints?: readonly string[];
  readonly keyfile: string;
  /** CA of the client certificates that are accepted; absent: none is. */
  readonly clientCa?: string;
  /** `--master.jwtSecret`; several: all are accepted, the first one signs. */
  readonly masterSecret: string | readonly string[];
  /** Verifies this datacenter's other masters; absent: they are not verified. */
  readonly masterCa?: string;
  readonly mqType: string;
  /** `--cluster.exclude-root-user`: as a target the deployment keeps its own user `root`. */
  readonly excludeRootUser?: boolean;
  readonly monitoringToken?: string;
  readonly log: Logger;
  readonly version: VersionInfo;
  readonly times?: Partial<MasterTimes>;
  /** Bounds of the replication factor of what is made here as a target; absent: none. */
  readonly replicationFactor?: { readonly min?: number; readonly max?: number };
  /** How long certificates of workers and their CA are valid. */
  readonly workerLifetimes?: CertificateAuthority['lifetimes'];
  /** How much of the event log stays in the database, and the folder into which the rest is moved; absent: all of it. */
  readonly events?: { readonly keep: EventsKeep; readonly archive: string; readonly checkEveryMs?: number };
  /** How often every shard is held against the source without anybody asking; absent: never. */
  readonly verification?: VerificationSettings;
}

export interface MasterProcess {
  readonly id: string;
  readonly port: number;
  readonly master: Master;
  /** Resolves when everything has ended; rejects with what made the master end by itself. */
  readonly ended: Promise<void>;
  /**
   * Takes new certificates and secrets without a restart; what is left out stays. Throws on what cannot be used, and then
   * nothing of it has changed.
   */
  reload(changes: MasterReload): Promise<void>;
  /** Resigns, finishes running requests, closes everything; the same as `ended`. */
  stop(): Promise<void>;
}

/** Running requests get so long at the end; streams of messages are cut at once, their readers go on at another master. */
const stopGraceMs = 5_000;

/**
 * Starts a master: it listens at once and says so, waits for its database until `signal` fires, then follows, stands for
 * election and serves. Throws on options that cannot work and on a port that is taken.
 */
export async function startMaster(options: MasterProcessOptions, signal?: AbortSignal): Promise<MasterProcess> {
  checkOptions(options);
  const resources = new AsyncDisposableStack();
  try {
    return await assemble(options, resources, signal ?? new AbortController().signal);
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

function checkOptions({ mqType, masterSecret, clusterEndpoints }: MasterProcessOptions): void {
  if (mqType === 'kafka') throw new Error('--mq.type=kafka is not available yet: use --mq.type=direct');
  if (mqType !== 'direct') throw new Error(`--mq.type must be direct, not ${mqType}`);
  if (secretsOf(masterSecret).length === 0 || secretsOf(masterSecret).includes('')) {
    throw new Error('--master.jwtSecret is empty');
  }
  if (clusterEndpoints.length === 0) throw new Error('--cluster.endpoint names no server');
}

function secretsOf(secret: string | readonly string[]): readonly string[] {
  return typeof secret === 'string' ? [secret] : secret;
}

async function assemble(
  options: MasterProcessOptions,
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<MasterProcess> {
  const { log } = options;
  const registry = createRegistry();
  const http = new HttpMetrics(registry);
  const strangers = new StrangerLog(log, () => clock.monotonicMs());
  const secrets = new MasterSecrets(secretsOf(options.masterSecret), () => clock.monotonicMs());
  const now: Replaceable = { secrets, tls: parseKeyfile(options.keyfile), clientCa: options.clientCa };
  const { current, server } = await listen(options, now, resources);
  const deployment = await openMasterDatabase(options, signal);
  resources.defer(() => deployment.close());
  const { master, tokens } = await createMaster(options, now, deployment, registry, server.port);
  secrets.follow(() => keyIdOf(master.head.hash));
  observeMaster(registry, master);
  const doors = openDoors(master, tokens);
  const forwarder = new Forwarder({
    leader: (waitSignal, gone) => master.leaderRoute(waitSignal, gone),
    masterId: master.id,
    jwtSecret: secrets.all,
    ...(options.masterCa === undefined ? {} : { ca: options.masterCa }),
    onTrouble: (reason, error) => log.warn(reason, { error }),
  });
  resources.defer(() => forwarder.close());
  // Before what its answers need; stopping it once more at the very end does no harm.
  resources.defer(() => server.stop(stopGraceMs));
  // Streams of messages never end by themselves: they must not keep the requests' time.
  resources.defer(() => doors.close());
  current.app = createMasterApp(master, {
    authentication: authenticationOf(options, secrets, deployment),
    onUnexpected: (error, { method, path }) => log.error(`${method} ${path} failed`, { error }),
    onAnswered: (answered) => {
      http.answered(answered);
      strangers.answered(answered);
      log.debug(`${answered.method} ${answered.route} ${answered.status}`, { ...answered });
    },
    onRefused: (refused) => master.rejections.record(refused),
    forward: (context) => forwarder.forward(context),
    version: options.version,
    registry,
    queueDoors: doors.app,
  });
  master.start();
  resources.defer(() => master.stop());
  log.info(`master ${master.id} listens on port ${server.port}`, { deployment: deployment.id });
  return running(options, now, master, server, resources);
}

/** Listens before the database is reached, so that probes see a living process. */
async function listen(options: MasterProcessOptions, now: Replaceable, resources: AsyncDisposableStack) {
  const authentication = authenticationOf(options, now.secrets, undefined);
  const current = { app: createStartingApp(options.version, authentication) };
  const server = await serveHttps(
    { fetch: (request, bindings) => current.app.fetch(request, bindings) },
    {
      host: options.host ?? '0.0.0.0',
      port: options.port,
      ...now.tls,
      ...(options.clientCa === undefined ? {} : { clientCa: options.clientCa }),
    },
  );
  resources.defer(() => server.stop(stopGraceMs));
  return { current, server };
}

function authenticationOf(
  options: MasterProcessOptions,
  secrets: MasterSecrets,
  deployment: ConnectedDeployment | undefined,
): Authentication {
  return new Authentication({
    jwtSecret: secrets.all,
    ...(options.monitoringToken === undefined ? {} : { monitoringToken: options.monitoringToken }),
    checkUser: deployment === undefined ? userCheckTooEarly : arangoUserCheck(deployment.front),
  });
}

function openDoors(master: Master, tokens: QueueTokens): QueueDoors {
  return createQueueDoors({
    tokens,
    isTarget: (targetId) => master.state.outgoing.has(targetId),
    routes: (targetId) => master.members.queueRoutes(targetId),
    workerEndpoint: (workerId) => master.state.workers.byId.get(workerId)?.endpoint,
    workerCaCertificate: () => master.workerAuthority.certificate,
  });
}

function running(
  options: MasterProcessOptions,
  now: Replaceable,
  master: Master,
  server: RunningServer,
  resources: AsyncDisposableStack,
): MasterProcess {
  const ended = Promise.withResolvers<void>();
  // Who does not look at `ended` must not be killed by it.
  ended.promise.catch(() => undefined);
  const stop = async () => {
    await resources.disposeAsync();
    ended.resolve();
    await ended.promise;
  };
  void master.failed.then(async (error) => {
    ended.reject(error);
    await resources.disposeAsync();
  });
  const reload = (changes: MasterReload) => reloadMaster(changes, now, master, server, options.log);
  return { id: master.id, port: server.port, master, ended: ended.promise, reload, stop };
}
