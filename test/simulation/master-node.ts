import { ArangoCommitStore } from '../../src/adapters/arangodb/event-log.ts';
import { ArangoLeaseStore } from '../../src/adapters/arangodb/leases.ts';
import { ArangoSnapshotStore } from '../../src/adapters/arangodb/snapshots.ts';
import { ChainedLog } from '../../src/events/chained-log.ts';
import { LogCorrupt } from '../../src/events/log-errors.ts';
import { Master } from '../../src/master/master.ts';
import { defaultTimes, type MasterPorts } from '../../src/master/ports.ts';
import { loadControlPlane } from '../../src/projections/load.ts';
import { ApiError } from '../../src/wire/api-error.ts';
import { requestLifeMs } from './engine-world.ts';
import { hasher, snapshotHasher } from './keys.ts';
import { SimProcess } from './process.ts';
import { SimSecrets } from './secrets.ts';
import type { Site } from './site.ts';
import { openSimSource } from './source-masters.ts';
import { tokenUntil } from './tokens.ts';

export const times = { ...defaultTimes, quietTimeMs: requestLifeMs };
const startAgainMs = 500;
/** After a log went back masters end for so long: those that remember, and those that meet what they left behind. */
const startAgainMsMax = 60_000;
/** Beyond the end of every simulation. */
const simulatedForeverMs = Date.UTC(2999, 0);
const hopsMax = 3;
const forwardMsMax = 10_000;

/** One master's place in a datacenter: an address, and the process that listens there now, if one does. */
export class MasterNode {
  readonly name: string;
  readonly endpoint: string;
  readonly publicEndpoint: string;
  readonly site: Site;
  process: SimProcess;
  /** Undefined until it has read the log. */
  master: Master | undefined;
  #starts = 0;

  constructor(site: Site, name: string) {
    this.site = site;
    this.name = name;
    this.endpoint = `https://${name}:8629`;
    this.publicEndpoint = `https://${name}.public:8629`;
    this.process = new SimProcess(site.world, name);
    this.process.crash('before its first start');
  }

  /** A new process, and in it a new master. */
  start(): void {
    this.#starts += 1;
    this.process = new SimProcess(this.site.world, this.name);
    this.master = undefined;
    this.site.world.note(`${this.name} starts`);
    void this.#boot(this.process, `${this.name}.${this.#starts}`);
  }

  /** A clean stop, as on SIGTERM; the process ends when the master has left. */
  async stop(): Promise<void> {
    const { process, master } = this;
    this.site.world.note(`${this.name} is stopped`);
    if (master === undefined) return process.crash('before it was up');
    await master.stop();
    process.crash('having left');
  }

  /** Serves a request here if this master leads, at the leader otherwise, as `adapters/http/forward.ts` does. */
  async serve<T>(
    what: string,
    handle: (master: Master, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    hops = 0,
  ): Promise<T> {
    const { master, process } = this;
    if (master === undefined) throw new ApiError(503, 'this master is starting');
    const route = await master.leaderRoute(signal);
    if (route.kind === 'self') return await handle(master, signal);
    if (route.kind === 'none' || hops >= hopsMax) throw new ApiError(503, 'no master leads at this moment');
    const leader = this.site.masters.find(({ endpoint }) => endpoint === route.endpoint);
    try {
      return await this.site.network.call({
        from: process,
        to: () => leader?.process,
        what: `${what} (passed on)`,
        handle: (gone) => this.#at(leader).serve(what, handle, gone, hops + 1),
        timeoutMs: forwardMsMax,
        signal,
        repeatable: false,
      });
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError(503, `the leader does not answer: ${String(error)}`);
    }
  }

  #at(node: MasterNode | undefined): MasterNode {
    if (node === undefined) throw new ApiError(503, 'the leader is not known');
    return node;
  }

  async #boot(process: SimProcess, masterId: string): Promise<void> {
    const ports = this.#ports(process);
    for (;;) {
      try {
        const plane = await loadControlPlane(ports.log, ports.snapshots);
        const master = new Master(
          { ...ports, plane },
          {
            masterId,
            endpoint: this.endpoint,
            publicEndpoints: [this.publicEndpoint],
            cluster: { endpoints: ['http://database'] },
            times,
          },
        );
        this.master = master;
        void master.failed.then((error) => this.#gaveUp(process, `${masterId} gives up: ${error.message}`));
        master.start();
        return;
      } catch (error) {
        process.logger.warn(`cannot start: ${String(error)}`);
        if (error instanceof LogCorrupt) this.#gaveUp(process, `${masterId} cannot start: ${error.message}`);
        if (process.isDead) return;
        await process.clock.sleep(startAgainMs);
      }
    }
  }

  /** A master ends when the log is not the one it knew (S18): it is started again, and reads it anew. */
  #gaveUp(process: SimProcess, what: string): void {
    if (this.site.world.nowMs - this.site.wentBackAtMs > startAgainMsMax) this.site.world.fail(what);
    else process.crash(what);
  }

  #ports(process: SimProcess): Omit<MasterPorts, 'plane'> {
    const { database, world } = this.site;
    const deployment = database.reachedBy(process);
    const { front } = deployment;
    return {
      deployment,
      log: new ChainedLog({
        store: new ArangoCommitStore(front),
        hasher,
        sleep: (ms, s) => process.clock.sleep(ms, s),
      }),
      snapshots: new ArangoSnapshotStore(front, snapshotHasher),
      leases: new ArangoLeaseStore(front),
      secrets: new SimSecrets(front),
      clusterTokens: { issue: (_issuedAtS, expiresAtS) => tokenUntil(expiresAtS) },
      openSource: openSimSource(this.site.asTarget(process)),
      queueTokens: {
        ttlMs: 3_600_000,
        issue: (targetId) => `token ${targetId} ${this.site.newId()}`,
        targetOf: (token) => token.split(' ')[1],
        isOld: () => false,
      },
      certificates: {
        lifetimes: { certificateMs: 3_600_000, authorityMs: simulatedForeverMs },
        createAuthority: () => ({ certificate: 'CA', key: 'key', notAfter: new Date(simulatedForeverMs) }),
        issueServerCertificate: () => ({
          ...{ certificate: 'certificate', key: 'key', fingerprint: 'fingerprint' },
          notAfter: new Date(simulatedForeverMs),
        }),
      },
      metrics: { workerRegistered: () => undefined, workerStored: () => undefined },
      clock: process.clock,
      logger: process.logger,
      random: () => world.random.next(),
      newEventId: () => this.site.newId().padStart(26, '0'),
      newId: () => this.site.newId().padStart(16, '0'),
    };
  }
}
