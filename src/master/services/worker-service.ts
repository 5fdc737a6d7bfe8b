import { createHash } from 'node:crypto';
import type { MayWrite } from '../../domain/suspects/hand-over.ts';
import type { Suspect } from '../../domain/suspects/state.ts';
import type { Worker } from '../../domain/workers/state.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import type { WorkerInfo } from '../../wire/cluster-members.ts';
import { toNanoseconds } from '../../wire/durations.ts';
import type {
  ShardReport,
  StructureReport,
  WorkerConfiguration,
  WorkerInstructions,
  WorkerRegistered,
  WorkerRegistration,
  WorkerReport,
} from '../../wire/worker.ts';
import { ClusterTokens } from '../cluster-tokens.ts';
import { mayWrite } from '../received-shards.ts';
import type { Core } from '../reconcile/core.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import type { TargetModeReconciler } from '../reconcile/target-mode.ts';
import { type TaskList, TaskLists } from '../task-lists.ts';
import type { WorkerAuthority } from '../worker-authority.ts';
import { instructionsFor } from '../worker-instructions.ts';

/** While a renewal is late, it is looked at again after this time. */
const lendAgainMs = 50;
/** The longest that a request for instructions is held. */
const holdMsMax = 60_000;

/** What workers of this datacenter ask. */
export class WorkerService {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #mode: TargetModeReconciler;
  readonly #authority: WorkerAuthority;
  readonly #tokens: ClusterTokens;
  readonly #taskLists = new TaskLists();

  constructor(core: Core, link: SourceLink, mode: TargetModeReconciler, authority: WorkerAuthority) {
    this.#core = core;
    this.#link = link;
    this.#mode = mode;
    this.#authority = authority;
    const { deployment, clusterTokens, clock } = core.ports;
    this.#tokens = new ClusterTokens(deployment.front, clusterTokens, clock, core.settings.times.workerLeaseMs);
  }

  /** All that a worker needs beside its flags, with a certificate for its endpoint. `renews`: whose is replaced by it. */
  async configure(endpoint: string, renews: string | undefined, signal: AbortSignal): Promise<WorkerConfiguration> {
    const { desk, ports, settings } = this.#core;
    const { cluster } = settings;
    desk.assertLeads();
    const clientCa = settings.clientCa?.();
    const token = await this.#tokens.forOneLease(signal);
    await this.#untilMayLend(signal);
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
      version: this.#configurationVersion(),
    };
  }

  /** Registers a worker, or renews it under its id. */
  async register(request: WorkerRegistration, signal: AbortSignal, caller?: Caller): Promise<WorkerRegistered> {
    const { control, desk, memory, ports, settings } = this.#core;
    this.#enterTerm();
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
    const clusterToken = await this.#tokens.forOneLease(signal);
    await this.#untilMayLend(signal);
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

  /**
   * Instructions once they differ from those of version `after`, or the same again after `waitMs`. The poll is the
   * worker's heartbeat, and confirms the version it names. 404: the worker has expired and must register again.
   */
  async instructions(
    workerId: string,
    after: string | undefined,
    waitMs: number,
    signal: AbortSignal,
    keys: readonly string[] = [],
  ): Promise<WorkerInstructions> {
    const { control, desk, memory, ports, settings } = this.#core;
    desk.assertLeads();
    this.#enterTerm();
    if (control.state.workers.byId.has(workerId)) memory.workerKeys.set(workerId, keys);
    // Held shorter than the lease, so that a worker which waits for news is not taken for a dead one.
    const endMs = ports.clock.monotonicMs() + Math.min(waitMs, holdMsMax, settings.times.workerLeaseMs / 3);
    // A task that is free now can be given to another worker, or was the last that a cancellation waited for.
    if (after !== undefined && memory.ledger.confirmed(workerId, after)) control.touch();
    for (;;) {
      desk.assertLeads();
      this.#enterTerm();
      if (!control.state.workers.byId.has(workerId)) throw new ApiError(404, `worker ${workerId} is not registered`);
      memory.workers.heard(workerId, ports.clock.monotonicMs());
      const leftMs = endMs - ports.clock.monotonicMs();
      const instructions = this.#instructionsNow(workerId);
      if (instructions === undefined) {
        if (leftMs <= 0) throw new ApiError(503, 'this master has just taken over and is still looking; try again');
      } else if (instructions.version !== after || leftMs <= 0) {
        const taskIds = instructions.tasks.map(({ id }) => id);
        memory.ledger.sent(workerId, instructions.version, taskIds);
        const isNews = instructions.version !== after;
        if (isNews) memory.received.told(instructions.tasks);
        // A heartbeat: with thousands of tasks the list would be most of what a leader does at rest.
        const news = isNews ? instructions : { ...instructions, tasks: [], unchanged: true };
        const answer = { ...news, ...(await this.#token(workerId, signal)) };
        await this.#untilMayLend(signal);
        return answer;
      }
      await control.waitForChange(leftMs, signal);
      signal.throwIfAborted();
    }
  }

  /** Transitions go into the log, in one append; the rest is kept in memory. */
  async report(workerId: string, report: WorkerReport, signal: AbortSignal, caller?: Caller): Promise<void> {
    const { control, desk, memory } = this.#core;
    desk.assertLeads();
    this.#enterTerm();
    if (report.term > control.state.leadership.term) throw new ApiError(503, 'a newer leader is known; ask it');
    await this.#suspect(workerId, report, signal, caller);
    const held = report.shards.filter(({ taskId }) => control.state.tasks.get(taskId)?.workerId === workerId);
    memory.telemetry.record(held);
    const command = { kind: 'report-shards', workerId, shards: held } as const;
    await desk.internal(command, `report of worker ${workerId}`, signal, caller);
    await this.#settle(workerId, held, signal, caller);
  }

  /** What the worker does not know the outcome of is in the log before it is answered: it waits for that (S4). */
  async #suspect(workerId: string, { suspected }: WorkerReport, signal: AbortSignal, caller?: Caller): Promise<void> {
    for (const { reason, shards } of suspected ?? []) {
      const command = { kind: 'suspect-shards', shards, reason } as const;
      await this.#core.desk.internal(command, `doubt of worker ${workerId}`, signal, caller);
    }
  }

  async #settle(
    workerId: string,
    reports: readonly ShardReport[],
    signal: AbortSignal,
    caller?: Caller,
  ): Promise<void> {
    const settled = reports.flatMap(({ shard, settled: one }) =>
      one === undefined ? [] : [{ shard, position: one.suspicion, how: one.how }],
    );
    if (settled.length === 0) return;
    const cause = `comparison by worker ${workerId}`;
    await this.#core.desk.internal({ kind: 'settle-suspicions', settled }, cause, signal, caller);
  }

  /** What the processes of before at an endpoint may have been writing when they ended. */
  #replacedBy(workerId: string, endpoint: string): ReadonlyMap<string, MayWrite> {
    const others = [...this.#core.control.state.workers.byId.values()].filter(
      (other) => other.endpoint === endpoint && other.workerId !== workerId,
    );
    return new Map(others.map((other) => [other.workerId, mayWrite(this.#core, other.workerId)]));
  }

  /**
   * Counts only from the worker that has the inventory task: one that lost it may be reporting the past. So may a report
   * that was held up on its way: one of another term has to be sent again, one that a newer one overtook is done with.
   */
  async reportStructure(
    workerId: string,
    report: StructureReport,
    signal: AbortSignal,
    caller?: Caller,
  ): Promise<void> {
    const task = [...this.#core.control.state.tasks.values()].find(({ type }) => type === 'receive-inventory');
    if (task?.workerId !== null && task?.workerId !== workerId) {
      throw new ApiError(412, `worker ${workerId} does not have the inventory task`);
    }
    const { control, desk, memory } = this.#core;
    desk.assertLeads();
    this.#enterTerm();
    const { term, sequence, ...found } = report;
    if (term !== undefined && term !== control.state.leadership.term) {
      throw new ApiError(503, 'the report was sent to a leader of another term; try again');
    }
    if (sequence !== undefined) {
      if (sequence < (memory.structureSequences.get(workerId) ?? 0)) return;
      // Before the append: one that comes meanwhile must not get in behind it. The same one may come again.
      memory.structureSequences.set(workerId, sequence);
    }
    await desk.internal({ kind: 'report-structure', ...found }, 'structure report', signal, caller);
  }

  /** Without the servers' time the worker goes on with the token that it has; that ends with its lease. */
  async #token(workerId: string, signal: AbortSignal): Promise<{ readonly clusterToken?: string }> {
    const { desk, ports } = this.#core;
    try {
      const clusterToken = await this.#tokens.forOneLease(signal);
      // Who has lost the leadership meanwhile may not lend anything any more (S12).
      desk.assertLeads();
      return { clusterToken };
    } catch (error) {
      signal.throwIfAborted();
      desk.assertLeads();
      ports.logger.warn(`worker ${workerId} gets no new token for the database`, { error });
      return {};
    }
  }

  /** Undefined while a new leader does not know yet what stands: it must not take tasks from workers by ignorance. */
  #instructionsNow(workerId: string): WorkerInstructions | undefined {
    const { control, ports } = this.#core;
    const { phase, configuration, identity } = control.state.synchronization;
    const remote = this.#link.remote();
    const told = this.#told();
    if (phase !== 'active' || configuration === null || identity === null) {
      return instructionsFor(this.#of(workerId), control.state, ports.deployment.id, undefined, { told });
    }
    const sight = this.#mode.sight(configuration.epoch);
    if (sight === 'not looked yet') return undefined;
    // Without a token nobody can receive, and the contact that brings it has not failed yet either.
    if (remote === undefined && this.#link.trouble === undefined) return undefined;
    const mayReceive = sight === 'read-only';
    const { barrier } = this.#link;
    const isQuiet = (suspect: Suspect) => this.#core.quiet.leftMs(suspect) === 0;
    const from = mayReceive ? remote : undefined;
    return instructionsFor(this.#of(workerId), control.state, ports.deployment.id, from, { barrier, isQuiet, told });
  }

  #of(workerId: string): TaskList {
    return this.#taskLists.of(workerId, this.#core.control.state.tasks);
  }

  /** An answer is a lease for its worker, from when it asked. Throws 503 when the own lease ends before it is renewed (S12). */
  async #untilMayLend(signal: AbortSignal): Promise<void> {
    const { desk, ports } = this.#core;
    while (!desk.mayLend()) {
      desk.assertLeads();
      await ports.clock.sleep(lendAgainMs, signal);
      signal.throwIfAborted();
    }
  }

  #told(): { readonly configuration: string; readonly keyInUse?: string } {
    const { control, ports } = this.#core;
    const keyInUse = ports.rotation?.keyIdOf(control.head.hash);
    return { configuration: this.#configurationVersion(), ...(keyInUse === undefined ? {} : { keyInUse }) };
  }

  #configurationVersion(): string {
    const { cluster, clientCa } = this.#core.settings;
    const text = JSON.stringify([cluster, clientCa?.() ?? null, this.#authority.issuing ?? null]);
    return createHash('sha256').update(text).digest('base64url');
  }

  #enterTerm(): void {
    const { control, desk, memory, ports } = this.#core;
    const nowMs = ports.clock.monotonicMs();
    memory.enterTerm(control.state, nowMs, desk.lendsAloneSinceMs(nowMs));
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
