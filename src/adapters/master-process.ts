import { randomBytes, randomInt, X509Certificate } from 'node:crypto';
import { SecretUnreadable } from '../domain/synchronization/secret-store.ts';
import { keyIdOf } from '../events/chain.ts';
import type { EventsKeep, EventsRetentionSettings } from '../master/events-keep.ts';
import { Master } from '../master/master.ts';
import { type CertificateAuthority, defaultTimes, type MasterPorts, type MasterTimes } from '../master/ports.ts';
import { retiredLogKeysId } from '../master/secret-ids.ts';
import { loadControlPlane } from '../projections/load.ts';
import type { VersionInfo } from '../wire/cluster-members.ts';
import { type ConnectedDeployment, connectDeployment } from './arangodb/deployment.ts';
import { openArangoLog } from './arangodb/event-log.ts';
import { superuserToken } from './arangodb/jwt.ts';
import { ArangoLeaseStore } from './arangodb/leases.ts';
import { ArangoSecretStore } from './arangodb/secrets.ts';
import { ArangoSnapshotStore } from './arangodb/snapshots.ts';
import { createSyncCollections } from './arangodb/sync-collections.ts';
import { commitHasher, type SecretHasher } from './crypto/commit-hasher.ts';
import { type GivenSecrets, MasterSecrets } from './crypto/master-secrets.ts';
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
import { knowRetiredKeys, secretRotation } from './secret-rotation.ts';
import { systemClock as clock } from './system-clock.ts';
import { fingerprint, parseKeyfile, usableKeyfile } from './tls/index.ts';
import { workerCertificates } from './worker-certificates.ts';

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
  readonly monitoringToken?: string;
  readonly log: Logger;
  readonly version: VersionInfo;
  readonly times?: Partial<MasterTimes>;
  /** How long certificates of workers and their CA are valid. */
  readonly workerLifetimes?: CertificateAuthority['lifetimes'];
  /** How much of the event log stays in the database, and the folder into which the rest is moved; absent: all of it. */
  readonly events?: { readonly keep: EventsKeep; readonly archive: string; readonly checkEveryMs?: number };
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

export interface MasterReload {
  readonly masterSecrets?: GivenSecrets;
  /** PEM texts. */
  readonly keyfile?: string;
  readonly clientCa?: string;
}

const connectPauseMs = 1_000;
/** Running requests get so long at the end; streams of messages are cut at once, their readers go on at another master. */
const stopGraceMs = 5_000;
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
  if (secretsOf(masterSecret).length === 0 || secretsOf(masterSecret).includes('')) {
    throw new Error('--master.jwtSecret is empty');
  }
  if (clusterEndpoints.length === 0) throw new Error('--cluster.endpoint names no server');
}

function secretsOf(secret: string | readonly string[]): readonly string[] {
  return typeof secret === 'string' ? [secret] : secret;
}

/** What can be replaced while the master runs. */
interface Replaceable {
  readonly secrets: MasterSecrets;
  tls: { certificate: string; key: string };
  clientCa: string | undefined;
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
  const deployment = await connect(options, signal);
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
  now: Replaceable,
  deployment: ConnectedDeployment,
  registry: ReturnType<typeof createRegistry>,
  port: number,
): Promise<{ master: Master; tokens: QueueTokens }> {
  const { clusterEndpoints, clusterJwtSecret, clusterCa } = options;
  const { secrets } = now;
  const masterId = randomBytes(16).toString('hex');
  const { front } = deployment;
  const hasher = commitHasher(secrets.all);
  const secretStore = new ArangoSecretStore(front, secrets.inUseFirst);
  await knowOlderKeys(hasher, secretStore, options.log);
  const log = openArangoLog(front, hasher);
  const snapshots = new ArangoSnapshotStore(front, commitHasher(secrets.inUseFirst, 'snapshots'));
  const tokens = new QueueTokens(secrets.inUseFirst);
  const ports: MasterPorts = {
    deployment,
    log,
    plane: await loadControlPlane(log, snapshots),
    snapshots,
    leases: new ArangoLeaseStore(front),
    secrets: secretStore,
    rotation: secretRotation(masterId, secrets, hasher),
    openSource,
    queueTokens: {
      ttlMs: QUEUE_TOKEN_TTL_MS,
      issue: (targetId) => tokens.issue(targetId),
      targetOf: (token) => tokens.verify(token)?.target,
      isOld: (token) => tokens.isOld(token),
    },
    certificates: workerCertificates(options.workerLifetimes),
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
    masterId,
    endpoint,
    publicEndpoints: publicEndpoints.length === 0 ? [endpoint] : publicEndpoints,
    cluster: {
      endpoints: clusterEndpoints,
      ...(clusterCa === undefined ? {} : { caCertificate: clusterCa }),
    },
    clientCa: () => now.clientCa,
    times: { ...defaultTimes, ...options.times },
    ...retentionOf(options, hasher),
  });
  return { master, tokens };
}

function retentionOf(
  { events }: MasterProcessOptions,
  hasher: SecretHasher,
): { readonly retention?: EventsRetentionSettings } {
  if (events === undefined) return {};
  const archive = new FolderArchive(events.archive, hasher);
  return { retention: { keep: events.keep, archive, checkEveryMs: events.checkEveryMs ?? retentionCheckMs } };
}

/** Keys of the log that were in use before; without them its older part cannot be verified. */
async function knowOlderKeys(hasher: SecretHasher, secrets: ArangoSecretStore, log: Logger): Promise<void> {
  try {
    const kept = await secrets.get(retiredLogKeysId);
    if (kept !== undefined) knowRetiredKeys(hasher, kept);
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    log.warn('older keys of the event log cannot be read: --master.jwtSecret lacks the secret that is in use', {
      error,
    });
  }
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

async function reloadMaster(
  { masterSecrets, keyfile, clientCa }: MasterReload,
  now: Replaceable,
  master: Master,
  server: RunningServer,
  log: Logger,
): Promise<void> {
  const tls = keyfile === undefined ? now.tls : usableKeyfile(keyfile, 'server', new Date());
  if (clientCa !== undefined && now.clientCa === undefined) {
    throw new Error('client certificates were not asked for since the start: restart with --server.client-cafile');
  }
  const isOtherTls = tls.certificate !== now.tls.certificate || tls.key !== now.tls.key;
  const isOtherCa = clientCa !== undefined && clientCa !== now.clientCa;
  if (isOtherTls || isOtherCa) server.use({ ...tls, ...(isOtherCa ? { clientCa } : {}) });
  now.tls = tls;
  now.clientCa = clientCa ?? now.clientCa;
  if (isOtherTls) await noteReplaced('keyfile', tls.certificate, master, log);
  if (isOtherCa) await noteReplaced('client-ca', clientCa, master, log);
  if (masterSecrets !== undefined && now.secrets.replace(masterSecrets)) {
    log.info('accepts other master secrets', { keys: now.secrets.keyIds() });
  }
}

async function noteReplaced(
  part: 'keyfile' | 'client-ca',
  certificate: string,
  master: Master,
  log: Logger,
): Promise<void> {
  const validUntil = new X509Certificate(certificate).validToDate.toISOString();
  const print = fingerprint(certificate);
  log.info(`serves with a new ${part}`, { fingerprint: print, valid_until: validUntil });
  await master.noteCertificate(part, print, validUntil).catch((error: unknown) => {
    log.warn(`the new ${part} is in use, but could not be recorded in the event log`, { error });
  });
}

/** 16 letters and digits. */
function newId(): string {
  return Array.from({ length: idLength }, () => letters[randomInt(letters.length)]).join('');
}
