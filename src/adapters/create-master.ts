import { randomBytes, randomInt } from 'node:crypto';
import { SecretUnreadable } from '../domain/synchronization/secret-store.ts';
import type { EventsRetentionSettings } from '../master/events-keep.ts';
import { Master } from '../master/master.ts';
import { defaultTimes, type MasterPorts } from '../master/ports.ts';
import { retiredLogKeysId } from '../master/secret-ids.ts';
import { loadControlPlane } from '../projections/load.ts';
import type { ConnectedDeployment } from './arangodb/deployment.ts';
import { openArangoLog } from './arangodb/event-log.ts';
import { superuserToken } from './arangodb/jwt.ts';
import { ArangoLeaseStore } from './arangodb/leases.ts';
import { ArangoSecretStore } from './arangodb/secrets.ts';
import { ArangoSnapshotStore } from './arangodb/snapshots.ts';
import { commitHasher, type SecretHasher } from './crypto/commit-hasher.ts';
import { newUlid } from './crypto/new-ulid.ts';
import { FolderArchive } from './event-files/archive.ts';
import { openSource } from './http/source-client.ts';
import type { Logger } from './logging/logger.ts';
import type { MasterProcessOptions } from './master-process.ts';
import { createMasterMetrics } from './metrics/master-metrics.ts';
import type { createRegistry } from './metrics/registry.ts';
import { QUEUE_TOKEN_TTL_MS, QueueTokens } from './mq/token.ts';
import type { Replaceable } from './reload-master.ts';
import { knowRetiredKeys, secretRotation } from './secret-rotation.ts';
import { systemClock as clock } from './system-clock.ts';
import { workerCertificates } from './worker-certificates.ts';

const retentionCheckMs = 60_000;
const idLength = 16;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A master over real adapters, its state read from the log; it does nothing before it is started. */
export async function createMaster(
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
    excludeRootUser: options.excludeRootUser ?? false,
    times: { ...defaultTimes, ...options.times },
    ...(options.replicationFactor === undefined ? {} : { replicationFactor: options.replicationFactor }),
    ...retentionOf(options, hasher),
    ...(options.verification === undefined ? {} : { verification: options.verification }),
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

/** 16 letters and digits. */
function newId(): string {
  return Array.from({ length: idLength }, () => letters[randomInt(letters.length)]).join('');
}
