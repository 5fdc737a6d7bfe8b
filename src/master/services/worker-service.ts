import type { MayWrite } from '../../domain/suspects/hand-over.ts';
import type { Worker } from '../../domain/workers/state.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import type { WorkerInfo } from '../../wire/cluster-members.ts';
import { toNanoseconds } from '../../wire/durations.ts';
import type { WorkerConfiguration, WorkerRegistered, WorkerRegistration } from '../../wire/worker.ts';
import { mayWrite } from '../received-shards.ts';
import type { Core } from '../reconcile/core.ts';
import type { WorkerAuthority } from '../worker-authority.ts';
import { configurationVersion } from '../worker-configuration.ts';
import type { WorkerLending } from '../worker-lending.ts';

/** Which workers this datacenter has, and how they come and go. */
export class WorkerService {
  readonly #core: Core;
  readonly #authority: WorkerAuthority;
  readonly #lending: WorkerLending;

  constructor(core: Core, authority: WorkerAuthority, lending: WorkerLending) {
    this.#core = core;
    this.#authority = authority;
    this.#lending = lending;
  }

  /** All that a worker needs beside its flags, with a certificate for its endpoint. `renews`: whose is replaced by it. */
  async configure(endpoint: string, renews: string | undefined, signal: AbortSignal): Promise<WorkerConfiguration> {
    const { desk, ports, settings } = this.#core;
    const { cluster } = settings;
    desk.assertLeads();
    const clientCa = settings.clientCa?.();
    const token = await this.#lending.token(signal);
    await this.#lending.untilMayLend(signal);
    const { certificate, key, caId, fingerprint, validUntil } = await this.#authority.issueFor(endpoint, signal);
    if (renews !== undefined) {
      const command = {
        kind: 'note-worker-certificate',
        workerId: renews,
        endpoint,
        caId,
        fingerprint,
        validUntil,
      } as const;
      await desk.internal(command, `worker ${renews} renews its certificate`, signal);
      ports.logger.info(`worker ${renews} got a new certificate`, { fingerprint, valid_until: validUntil });
    }
    return {
      cluster: { ...cluster, endpoints: [...cluster.endpoints], token },
      httpServer: { certificate, key, ...(clientCa === undefined ? {} : { clientCaCertificate: clientCa }) },
      mq: { type: 'direct' },
      // Of what is told: what has changed since shows as another version, and is asked for again.
      version: configurationVersion({ cluster, clientCa }, caId),
    };
  }

  /** Registers a worker, or renews it under its id. */
  async register(request: WorkerRegistration, signal: AbortSignal, caller?: Caller): Promise<WorkerRegistered> {
    const { control, desk, memory, ports, settings } = this.#core;
    this.#lending.enterTerm();
    const workerId = request.id ?? ports.newId();
    const { endpoint, HostID: hostId, dbServerAffinity, publicEndpoint } = request;
    const command = {
      kind: 'register-worker',
      workerId,
      endpoint,
      ...(hostId ? { hostId } : {}),
      ...(dbServerAffinity ? { dbServerAffinity } : {}),
      ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    } as const;
    // Before others can see it: who is known and was not heard of since this leader began counts as silent since then.
    memory.workers.heard(workerId, ports.clock.monotonicMs());
    try {
      const registration = () => ({ ...command, mayWrite: this.#replacedBy(workerId, endpoint) });
      const events = await desk.internal(registration, `worker ${workerId} registers`, signal, caller);
      // Whoever held the same endpoint before is a process that has ended: it runs nothing.
      for (const { type, data } of events) if (type === 'WorkerLeft') memory.ledger.forget(data.workerId);
      ports.metrics.workerStored('save', 'success');
    } catch (error) {
      ports.metrics.workerStored('save', 'failure');
      throw error;
    }
    memory.workers.heard(workerId, ports.clock.monotonicMs());
    ports.metrics.workerRegistered();
    const clusterToken = await this.#lending.token(signal);
    await this.#lending.untilMayLend(signal);
    const worker = control.state.workers.byId.get(workerId);
    if (worker === undefined) throw new ApiError(503, 'the worker was removed while it registered; try again');
    return {
      id: workerId,
      endpoint,
      expiresAt: this.#expiresAt(workerId),
      serverID: worker.serverId,
      messageTimeout: toNanoseconds(control.state.settings.messageTimeoutMs),
      expiresDuration: toNanoseconds(settings.times.workerLeaseMs),
      clusterToken,
    };
  }

  list(): WorkerInfo[] {
    const workers = [...this.#core.control.state.workers.byId.values()].map((worker) => this.#info(worker));
    this.#core.ports.metrics.workerStored('load', 'success');
    return workers.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(workerId: string): WorkerInfo {
    const worker = this.#core.control.state.workers.byId.get(workerId);
    if (worker === undefined) throw new ApiError(404, `no worker ${workerId} is registered`);
    this.#core.ports.metrics.workerStored('load', 'success');
    return this.#info(worker);
  }

  /** A worker is about to end: it gets no more tasks, and is told to let go of those that it has. */
  async drain(workerId: string, caller: Caller, signal: AbortSignal): Promise<void> {
    const reason = caller.name === workerId ? 'it is being stopped' : `asked by ${caller.name}`;
    await this.#core.desk.internal({ kind: 'drain-worker', workerId, reason }, 'worker drain', signal, caller);
  }

  /** A worker that signs off has stopped its tasks; one that others remove stops when its lease ends. */
  async remove(workerId: string, caller: Caller, signal: AbortSignal): Promise<void> {
    const signsOff = caller.kind === 'secret' && caller.name === workerId;
    const reason = signsOff ? 'signed off' : `removed by ${caller.name}`;
    const doubt = () => (signsOff ? { signedOff: true } : { mayWrite: mayWrite(this.#core, workerId) });
    const removal = () => ({ kind: 'remove-worker', workerId, reason, ...doubt() }) as const;
    await this.#core.desk.internal(removal, reason, signal, caller);
    if (signsOff) this.#core.memory.ledger.forget(workerId);
  }

  /** What the processes of before at an endpoint may have been writing when they ended. */
  #replacedBy(workerId: string, endpoint: string): ReadonlyMap<string, MayWrite> {
    const others = [...this.#core.control.state.workers.byId.values()].filter(
      (other) => other.endpoint === endpoint && other.workerId !== workerId,
    );
    return new Map(others.map((other) => [other.workerId, mayWrite(this.#core, other.workerId)]));
  }

  #info({ workerId, endpoint, serverId, hostId, dbServerAffinity, leaving }: Worker): WorkerInfo {
    return {
      id: workerId,
      endpoint,
      expiresAt: this.#expiresAt(workerId),
      serverID: serverId,
      ...(hostId === undefined ? {} : { host: hostId }),
      ...(dbServerAffinity === undefined ? {} : { dbServerAffinity }),
      ...(leaving ? { leaving } : {}),
    };
  }

  #expiresAt(workerId: string): string {
    const { desk, memory, ports, settings } = this.#core;
    const silentMs = desk.mayAct() ? memory.workers.silentForMs(workerId, ports.clock.monotonicMs()) : 0;
    return new Date(ports.clock.now().getTime() + settings.times.workerLeaseMs - silentMs).toISOString();
  }
}
