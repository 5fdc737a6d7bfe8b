import { randomBytes, randomInt } from 'node:crypto';
import type { EventsKeep, EventsRetentionSettings } from '../master/events-keep.ts';
import { Master } from '../master/master.ts';
import { defaultTimes, type MasterPorts, type MasterTimes } from '../master/ports.ts';
import { loadControlPlane } from '../projections/load.ts';
import type { VersionInfo } from '../wire/cluster-members.ts';
import { type ConnectedDeployment, connectDeployment } from './arangodb/deployment.ts';
import { openArangoLog } from './arangodb/event-log.ts';
import { superuserToken } from './arangodb/jwt.ts';
import { ArangoLeaseStore } from './arangodb/leases.ts';
import { ArangoSecretStore } from './arangodb/secrets.ts';
import { ArangoSnapshotStore } from './arangodb/snapshots.ts';
import { createSyncCollections } from './arangodb/sync-collections.ts';
import { commitHasher } from './crypto/commit-hasher.ts';
import { newUlid } from './crypto/new-ulid.ts';
import { FolderArchive } from './event-files/archive.ts';
import { Authentication } from './http/authentication.ts';
import { Forwarder } from './http/forward.ts';
import { type RunningServer, serveHttps } from './http/https-server.ts';
import { createMasterApp } from './http/master-app.ts';
import { openSource } from './http/source-client.ts';
import { createStartingApp } from './http/starting-app.ts';
import { StrangerLog } from './http/stranger-log.ts';
import { arangoUserCheck, userCheckTooEarly } from './http/user-check.ts';
import type { Logger } from './logging/logger.ts';
import { HttpMetrics } from './metrics/http-metrics.ts';
import { createMasterMetrics, observeMaster } from './metrics/master-metrics.ts';
import { createRegistry } from './metrics/registry.ts';
import { createQueueDoors, type QueueDoors } from './mq/direct/doors.ts';
import { QUEUE_TOKEN_TTL_MS, QueueTokens } from './mq/token.ts';
import { systemClock as clock } from './system-clock.ts';
import { createCa, issueCertificate, parseKeyfile } from './tls/index.ts';

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
  readonly masterSecret: string;
  /** Verifies this datacenter's other masters; absent: they are not verified. */
  readonly masterCa?: string;
  readonly mqType: string;
  readonly monitoringToken?: string;
  readonly log: Logger;
  readonly version: VersionInfo;
  readonly times?: Partial<MasterTimes>;
  /** How much of the event log stays in the database, and the folder into which the rest is moved; absent: all of it. */
  readonly events?: { readonly keep: EventsKeep; readonly archive: string; readonly checkEveryMs?: number };
}

export interface MasterProcess {
  readonly id: string;
  readonly port: number;
  readonly master: Master;
  /** Resolves when everything has ended; rejects with what made the master end by itself. */
  readonly ended: Promise<void>;
  /** Resigns, finishes running requests, closes everything; the same as `ended`. */
  stop(): Promise<void>;
}

const connectPauseMs = 1_000;
const stopGraceMs = 1_000;
const dayMs = 24 * 3_600_000;
const workerCertificateMs = 90 * dayMs;
const workerAuthorityMs = 15 * 365 * dayMs;
const retentionCheckMs = 60_000;
const idLength = 16;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

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
  if (masterSecret === '') throw new Error('--master.jwtSecret is empty');
  if (clusterEndpoints.length === 0) throw new Error('--cluster.endpoint names no server');
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
  const { current, server } = await listen(options, resources);
  const deployment = await connect(options, signal);
  resources.defer(() => deployment.close());
  const { master, tokens } = await createMaster(options, deployment, registry, server.port);
  observeMaster(registry, master);
  const doors = openDoors(master, tokens);
  resources.defer(() => doors.close());
  const forwarder = new Forwarder({
    leader: (waitSignal, gone) => master.leaderRoute(waitSignal, gone),
    masterId: master.id,
    jwtSecret: options.masterSecret,
    ...(options.masterCa === undefined ? {} : { ca: options.masterCa }),
    onTrouble: (reason, error) => log.warn(reason, { error }),
  });
  resources.defer(() => forwarder.close());
  // Before what its answers need; stopping it once more at the very end does no harm.
  resources.defer(() => server.stop(stopGraceMs));
  current.app = createMasterApp(master, {
    authentication: authenticationOf(options, deployment),
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
  return running(master, server, resources);
}

/** Listens before the database is reached, so that probes see a living process. */
async function listen(options: MasterProcessOptions, resources: AsyncDisposableStack) {
  const { certificate, key } = parseKeyfile(options.keyfile);
  const authentication = authenticationOf(options, undefined);
  const current = { app: createStartingApp(options.version, authentication) };
  const server = await serveHttps(
    { fetch: (request, bindings) => current.app.fetch(request, bindings) },
    {
      host: options.host ?? '0.0.0.0',
      port: options.port,
      certificate,
      key,
      ...(options.clientCa === undefined ? {} : { clientCa: options.clientCa }),
    },
  );
  resources.defer(() => server.stop(stopGraceMs));
  return { current, server };
}

function authenticationOf(options: MasterProcessOptions, deployment: ConnectedDeployment | undefined): Authentication {
  return new Authentication({
    jwtSecret: options.masterSecret,
    ...(options.monitoringToken === undefined ? {} : { monitoringToken: options.monitoringToken }),
    checkUser: deployment === undefined ? userCheckTooEarly : arangoUserCheck(deployment.front),
  });
}

/** Waits for the database for ever: it may start later than we do. */
async function connect(options: MasterProcessOptions, signal: AbortSignal): Promise<ConnectedDeployment> {
  const { clusterEndpoints, clusterJwtSecret, clusterCa, masterCa, log } = options;
  const isSecure = clusterEndpoints.some((endpoint) => /^(https|ssl|http\+ssl):/i.test(endpoint));
  if (clusterCa === undefined && isSecure) {
    log.warn("the database's certificates are not verified: no --cluster.cacert was given");
  }
  if (masterCa === undefined) log.warn("the masters' certificates are not verified: no --master.cacert was given");
  for (let failure = ''; ; ) {
    signal.throwIfAborted();
    try {
      return await openDeployment(clusterEndpoints, clusterJwtSecret, clusterCa);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== failure) log.warn(`the database is not ready yet: ${message}`, { error });
      failure = message;
      await clock.sleep(connectPauseMs, signal);
    }
  }
}

async function openDeployment(endpoints: readonly string[], jwtSecret: string, ca: string | undefined) {
  const deployment = await connectDeployment({
    endpoints,
    credentials: jwtSecret === '' ? { kind: 'none' } : { kind: 'secret', jwtSecret },
    verify: ca !== undefined,
    ...(ca === undefined ? {} : { ca }),
  });
  try {
    await createSyncCollections(deployment.front);
    return deployment;
  } catch (error) {
    await deployment.close();
    throw error;
  }
}

async function createMaster(
  options: MasterProcessOptions,
  deployment: ConnectedDeployment,
  registry: ReturnType<typeof createRegistry>,
  port: number,
): Promise<{ master: Master; tokens: QueueTokens }> {
  const { masterSecret, clusterEndpoints, clusterJwtSecret, clusterCa } = options;
  const { front } = deployment;
  const log = openArangoLog(front, commitHasher([masterSecret]));
  const snapshots = new ArangoSnapshotStore(front, commitHasher([masterSecret], 'snapshots'));
  const tokens = new QueueTokens(masterSecret);
  const ports: MasterPorts = {
    deployment,
    log,
    plane: await loadControlPlane(log, snapshots),
    snapshots,
    leases: new ArangoLeaseStore(front),
    secrets: new ArangoSecretStore(front, masterSecret),
    openSource,
    queueTokens: {
      ttlMs: QUEUE_TOKEN_TTL_MS,
      issue: (targetId) => tokens.issue(targetId),
      targetOf: (token) => tokens.verify(token)?.target,
    },
    certificates: {
      createAuthority: (commonName) => createCa({ commonName, validForMs: workerAuthorityMs }),
      issueServerCertificate: (ca, hosts, commonName) =>
        issueCertificate({ ca, kind: 'server', hosts, commonName, validForMs: workerCertificateMs }),
    },
    clusterTokens: {
      issue: (issuedAtS, expiresAtS) =>
        clusterJwtSecret === '' ? '' : superuserToken(clusterJwtSecret, 'arangosync-worker', issuedAtS, expiresAtS),
    },
    metrics: createMasterMetrics(registry),
    clock,
    logger: options.log,
    random: Math.random,
    newEventId: newUlid,
    newId,
  };
  const endpoint = options.endpoint ?? `https://127.0.0.1:${port}`;
  const publicEndpoints = options.publicEndpoints ?? [];
  const master = new Master(ports, {
    masterId: randomBytes(16).toString('hex'),
    endpoint,
    publicEndpoints: publicEndpoints.length === 0 ? [endpoint] : publicEndpoints,
    cluster: {
      endpoints: clusterEndpoints,
      ...(clusterCa === undefined ? {} : { caCertificate: clusterCa }),
    },
    ...(options.clientCa === undefined ? {} : { clientCa: options.clientCa }),
    times: { ...defaultTimes, ...options.times },
    ...retentionOf(options),
  });
  return { master, tokens };
}

function retentionOf({ events, masterSecret }: MasterProcessOptions): { readonly retention?: EventsRetentionSettings } {
  if (events === undefined) return {};
  const archive = new FolderArchive(events.archive, commitHasher([masterSecret]));
  return { retention: { keep: events.keep, archive, checkEveryMs: events.checkEveryMs ?? retentionCheckMs } };
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

function running(master: Master, server: RunningServer, resources: AsyncDisposableStack): MasterProcess {
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
  return { id: master.id, port: server.port, master, ended: ended.promise, stop };
}

/** 16 letters and digits. */
function newId(): string {
  return Array.from({ length: idLength }, () => letters[randomInt(letters.length)]).join('');
}
