import { openArangoLog } from '../../../src/adapters/arangodb/event-log.ts';
import { ArangoLeaseStore } from '../../../src/adapters/arangodb/leases.ts';
import { ArangoSecretStore } from '../../../src/adapters/arangodb/secrets.ts';
import { ArangoSnapshotStore } from '../../../src/adapters/arangodb/snapshots.ts';
import { createSyncCollections } from '../../../src/adapters/arangodb/sync-collections.ts';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import { QueueTokens } from '../../../src/adapters/mq/token.ts';
import { createCa, issueCertificate } from '../../../src/adapters/tls/index.ts';
import { workerCertificates } from '../../../src/adapters/worker-certificates.ts';
import { Master } from '../../../src/master/master.ts';
import type { MasterPorts, MasterSettings, MasterTimes } from '../../../src/master/ports.ts';
import {
  type OpenSource,
  type SourceMasters,
  SourceRefused,
  SourceUnreachable,
} from '../../../src/master/source-masters.ts';
import { loadControlPlane } from '../../../src/projections/load.ts';
import type { ArangoDeployment, ArangoServer } from '../../../src/replication/arango.ts';
import { ApiError } from '../../../src/wire/api-error.ts';
import type { Caller } from '../../../src/wire/caller.ts';
import { patientClock } from '../../support/patient-clock.ts';
import { FakeDeployment } from './fake-deployment.ts';
import { until } from './until.ts';

export const secret = 'the secret of the masters';
export const operator: Caller = { kind: 'user', name: 'root' };
export const day = 24 * 3_600_000;

/** Fast enough for tests, in the same proportions as the real ones. */
export const fastTimes: MasterTimes = {
  leaderLeaseMs: 400,
  leaderRenewMs: 100,
  followEveryMs: 15,
  workerLeaseMs: 500,
  masterLeaseMs: 600,
  contactEveryMs: 40,
  reconcileEveryMs: 50,
  barrierQuietMs: 30,
  quietTimeMs: 300,
};

const authority = createCa({ commonName: 'client auth', validForMs: day });
/** What a target shows to its source. */
export const credentials = (() => {
  const client = issueCertificate({ ca: authority, kind: 'client', hosts: [], commonName: 'target', validForMs: day });
  return { clientCertificate: client.certificate, clientKey: client.key, caCertificate: authority.certificate };
})();
export const otherCredentials = (() => {
  const client = issueCertificate({ ca: authority, kind: 'client', hosts: [], commonName: 'other', validForMs: day });
  return { clientCertificate: client.certificate, clientKey: client.key, caCertificate: authority.certificate };
})();

/** A datacenter in process: one fake deployment, and masters at its log. */
export class Datacenter {
  readonly deployment: FakeDeployment;
  readonly masters: Master[] = [];
  readonly logged: string[] = [];
  /** Where masters of this datacenter find the source that they are configured with. */
  source: Datacenter | undefined;
  /** Whether this datacenter answers targets; the first look at it is answered anyhow. */
  answersTargets = true;
  /** Masters that start from now on were given `--cluster.exclude-root-user`. */
  excludeRootUser = false;
  #ids = 0;

  private constructor(id: string) {
    this.deployment = new FakeDeployment(id);
  }

  static async open(id: string): Promise<Datacenter> {
    const datacenter = new Datacenter(id);
    await createSyncCollections(datacenter.deployment.front);
    return datacenter;
  }

  /** The same datacenter with another deployment behind its address (S1). */
  async replaceBy(id: string): Promise<Datacenter> {
    await this.stop();
    return Datacenter.open(id);
  }

  /** What a master needs; `front` is its own way to the database, so that a test can cut it. */
  async ports(front: ArangoServer = this.deployment.front): Promise<MasterPorts> {
    const log = openArangoLog(front, commitHasher([secret]));
    const snapshots = new ArangoSnapshotStore(front, commitHasher([secret], 'snapshots'));
    const tokens = new QueueTokens(secret);
    const note = (level: string) => (message: string) => void this.logged.push(`${level} ${message}`);
    return {
      deployment: { ...this.#reached(), front },
      log,
      plane: await loadControlPlane(log, snapshots),
      snapshots,
      leases: new ArangoLeaseStore(front),
      secrets: new ArangoSecretStore(front, secret),
      openSource: this.#openSource,
      queueTokens: {
        ttlMs: 3_600_000,
        issue: (target) => tokens.issue(target),
        targetOf: (token) => tokens.verify(token)?.target,
        isOld: (token) => tokens.isOld(token),
      },
      certificates: workerCertificates({ certificateMs: day, authorityMs: day }),
      clusterTokens: { issue: (_issuedAtS, expiresAtS) => `token until ${expiresAtS}` },
      metrics: { workerRegistered: () => undefined, workerStored: () => undefined },
      clock: patientClock,
      logger: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
      random: () => 0,
      newEventId: () => this.#newId().padStart(26, '0'),
      newId: () => this.#newId().padStart(16, '0'),
    };
  }

  /** A master that runs; nothing listens. */
  async startMaster(name: string, front?: ArangoServer, more: Partial<MasterSettings> = {}): Promise<Master> {
    const master = new Master(await this.ports(front), {
      masterId: name,
      endpoint: `https://${name}:8629`,
      publicEndpoints: [`https://${name}.public:8629`],
      cluster: { endpoints: ['http://db:8529'] },
      excludeRootUser: this.excludeRootUser,
      times: fastTimes,
      ...more,
    });
    this.masters.push(master);
    master.start();
    return master;
  }

  /** The master that leads, once one does. */
  async leader(): Promise<Master> {
    return until('a master leads', () => this.masters.find((master) => master.leads));
  }

  async stop(): Promise<void> {
    await Promise.all(this.masters.splice(0).map((master) => master.stop()));
  }

  readonly #openSource: OpenSource = (_endpoints, { clientCertificate }) => {
    const caller: Caller = { kind: 'certificate', name: 'CN=target', fingerprint: clientCertificate };
    return sourceOver(() => this.source, caller);
  };

  #reached(): ArangoDeployment {
    const { deployment } = this;
    return {
      kind: deployment.kind,
      id: deployment.id,
      front: deployment.front,
      dbServers: () => deployment.dbServers(),
      dbServer: (id) => deployment.dbServer(id),
      databases: () => deployment.databases(),
      everyServer: () => deployment.everyServer(),
    };
  }

  #newId(): string {
    this.#ids += 1;
    return `${this.deployment.id}${this.#ids}`;
  }
}

/** The source's leader, asked in process as `adapters/http` asks it over the network. */
function sourceOver(source: () => Datacenter | undefined, caller: Caller): SourceMasters {
  const ask = async <T>(call: (master: Master) => Promise<T>, isFirstLook = false): Promise<T> => {
    const datacenter = source();
    const leader = datacenter?.masters.find((master) => master.leads);
    if (leader === undefined || !(isFirstLook || datacenter?.answersTargets === true))
      throw new SourceUnreachable('nobody answers');
    try {
      return await call(leader);
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) throw new SourceRefused(error.status, error.message);
      throw new SourceUnreachable(String(error), { cause: error });
    }
  };
  return {
    register: (registration, signal) => ask(({ outgoing }) => outgoing.register(registration, caller, signal)),
    look: (id, signal) => ask(({ outgoing }) => outgoing.look(id, caller, signal), true),
    heartbeat: (id, body, signal) => ask(({ outgoing }) => outgoing.heartbeat(id, body, caller, signal)),
    putShards: (id, shards, signal) => ask(({ outgoing }) => outgoing.putShards(id, shards, caller, signal)),
    forget: (id, how, signal) => ask(({ outgoing }) => outgoing.stop(id, how, caller, signal)),
    setBarrier: (id, signal) => ask(({ outgoing }) => outgoing.setBarrier(id, caller, signal)),
    liftBarrier: (id, signal) => ask(({ outgoing }) => outgoing.liftBarrier(id, caller, signal)),
    checksums: (id, request, signal) => ask(({ outgoing }) => outgoing.checksums(id, request, caller, signal)),
    status: (id, details) => ask(async ({ status }) => status.atSource(id, details, caller)),
    listing: (id, signal) => ask(({ outgoing }) => outgoing.listing(id, caller, signal)),
    close: async () => undefined,
  };
}
