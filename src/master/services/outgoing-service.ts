import { highestSeen } from '../../domain/outgoing/highest-seen.ts';
import { partialCopy } from '../../domain/synchronization/state.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import type { ChecksumsRequest, SideChecksum } from '../../wire/checksums.ts';
import { toMilliseconds, toNanoseconds } from '../../wire/durations.ts';
import type {
  OutgoingContact,
  OutgoingHeartbeat,
  OutgoingRegistration,
  OutgoingShards,
  WireBarrier,
  WireHead,
} from '../../wire/outgoing.ts';
import type { ListedDatacenter } from '../../wire/shard-listing.ts';
import { containsHead } from '../contains-head.ts';
import type { BarrierReconciler } from '../reconcile/barriers.ts';
import type { Core } from '../reconcile/core.ts';
import type { KeptLogReconciler } from '../reconcile/kept-log.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import { ServerFitness } from '../server-fitness.ts';
import type { ForgetTarget } from '../source-masters.ts';
import { listDatacenter } from '../structure/listing.ts';
import { toWire } from '../structure/plan-selection.ts';
import type { ChecksumService } from './checksum-service.ts';

/** This datacenter as a source: what targets' masters ask. A target's id belongs to its certificate (S23). */
export class OutgoingService {
  readonly #core: Core;
  readonly #checksums: ChecksumService;
  readonly #barriers: BarrierReconciler;
  readonly #link: SourceLink;
  readonly #keptLog: KeptLogReconciler;
  readonly #fitness: ServerFitness;

  constructor(
    core: Core,
    checksums: ChecksumService,
    barriers: BarrierReconciler,
    link: SourceLink,
    keptLog: KeptLogReconciler,
  ) {
    this.#core = core;
    this.#fitness = new ServerFitness(core.ports, core.settings);
    this.#keptLog = keptLog;
    this.#link = link;
    this.#checksums = checksums;
    this.#barriers = barriers;
  }

  /** Registers a target, or takes its new endpoints; the same again changes nothing. */
  register(request: OutgoingRegistration, caller: Caller, signal: AbortSignal): Promise<OutgoingContact> {
    return this.#register(request, false, caller, signal);
  }

  async #register(
    request: OutgoingRegistration,
    onlyRenews: boolean,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<OutgoingContact> {
    const fingerprint = certificateOf(caller);
    const { desk, memory, ports } = this.#core;
    const { id: targetId, target, channels, token, asOf, epoch, paused } = request;
    const command = {
      kind: 'register-outgoing',
      targetId,
      endpoints: target,
      fingerprint,
      inventoryChannel: channels.inventory,
      ownDeploymentId: ports.deployment.id,
      holdsToken: token !== undefined && ports.queueTokens.targetOf(token) === targetId,
      onlyRenews,
      ...(asOf === undefined ? {} : { asOf }),
      ...(epoch === undefined ? {} : { epoch }),
      ...(paused === undefined
        ? {}
        : { paused: { positions: paused.positions, keepLogMs: Math.round(toMilliseconds(paused.keepLog)) } }),
    } as const;
    const types = (await desk.command(command, caller, signal)).map(({ type }) => type);
    if (types.includes('OutgoingRegistered')) {
      ports.logger.info(`target ${targetId} is registered`, { endpoints: target });
    }
    if (types.includes('OutgoingPaused')) await this.#keepLog(targetId, signal);
    if (request.barrier !== undefined) await this.#liftStray(targetId, request.barrier, signal);
    const targetHead = memory.targetHeads.take(targetId, request);
    const contact = await this.#contact(targetId, request.remembered, signal, request.token);
    return { ...contact, ...(targetHead === undefined ? {} : { targetHead }) };
  }

  async #liftStray(targetId: string, known: string | null, signal: AbortSignal): Promise<void> {
    const { control, desk, memory, ports } = this.#core;
    const barrier = control.state.outgoing.get(targetId)?.barrier ?? undefined;
    if (!memory.strayBarriers.isStray(targetId, barrier, known, ports.clock.monotonicMs()) || barrier === undefined)
      return;
    const { epoch } = barrier;
    const reason = 'the target does not know of it: what set it came late, or is lost';
    ports.logger.warn(`the barrier of target ${targetId} is lifted: ${reason}`);
    await desk.internal({ kind: 'lift-barrier', targetId, epoch, reason }, 'target contact', signal);
  }

  /** Before the target hears of it: then its workers let go of what keeps the log now. */
  async #keepLog(targetId: string, signal: AbortSignal): Promise<void> {
    this.#core.ports.logger.info(`target ${targetId} has paused`);
    try {
      await this.#keptLog.step(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#core.ports.logger.warn(`the log is not kept yet for target ${targetId}, which has paused`, { error });
    }
  }

  /** Who we are, for somebody who thinks of following us; nothing is changed, and no token is given. */
  async look(targetId: string, caller: Caller, signal: AbortSignal): Promise<OutgoingContact> {
    this.#core.desk.assertLeads();
    certificateOf(caller);
    await this.#fitness.look(signal);
    return { ...(await this.#contact(targetId, undefined, signal)), token: '' };
  }

  /**
   * As the registration, but a target that is not known (any more) is told so instead of being registered again, beside
   * who we are. 403 when another certificate registered it.
   */
  async heartbeat(
    targetId: string,
    request: OutgoingHeartbeat,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<OutgoingContact> {
    const { control, desk } = this.#core;
    desk.assertLeads();
    if (!control.state.outgoing.has(targetId))
      return await this.#contact(targetId, request.remembered, signal, request.token);
    return await this.#register({ id: targetId, ...request }, true, caller, signal);
  }

  async putShards(targetId: string, request: OutgoingShards, caller: Caller, signal: AbortSignal): Promise<void> {
    const fingerprint = certificateOf(caller);
    const shards = request.shards.map(({ shard, channels: { data, control } }) => ({
      shard,
      channels: { data, ...(control === undefined ? {} : { control }) },
    }));
    const { version } = request;
    const command = { kind: 'set-outgoing-shards', targetId, fingerprint, version, shards } as const;
    await this.#core.desk.command(command, caller, signal);
  }

  /**
   * The target stopped, or an operator here forgets it; a client certificate may forget its own targets only. With
   * `barrierEpoch` only while that barrier holds, which every server is asked once more: 412 otherwise (S8). An operator
   * who forgets a target also ends the read-only mode that was wished for this deployment.
   */
  async stop(targetId: string, how: ForgetTarget, caller: Caller, signal: AbortSignal): Promise<void> {
    const { desk, ports } = this.#core;
    if (how.barrierEpoch !== undefined) await this.#barriers.confirm(targetId, signal);
    const isTarget = caller.kind === 'certificate';
    const reason = isTarget ? 'the target stopped' : `aborted by ${caller.name}`;
    const own = caller.fingerprint === undefined ? {} : { fingerprint: caller.fingerprint };
    const events = await desk.command({ kind: 'stop-outgoing', targetId, reason, ...own, ...how }, caller, signal);
    if (events.length > 0) ports.logger.info(`target ${targetId} is forgotten: ${reason}`);
    if (isTarget || how.serverMode === 'readonly') return;
    await desk.command({ kind: 'wish-server-mode', mode: 'default' }, caller, signal);
  }

  async stopAll(how: ForgetTarget, caller: Caller, signal: AbortSignal): Promise<void> {
    this.#core.desk.assertLeads();
    for (const targetId of this.#core.control.state.outgoing.keys()) await this.stop(targetId, how, caller, signal);
    await this.#core.desk.command({ kind: 'wish-server-mode', mode: how.serverMode ?? 'default' }, caller, signal);
  }

  /** Sets a barrier, or tells how far the one that is there has come. */
  async setBarrier(targetId: string, caller: Caller, signal: AbortSignal): Promise<WireBarrier> {
    const fingerprint = certificateOf(caller);
    const events = await this.#core.desk.command({ kind: 'set-barrier', targetId, fingerprint }, caller, signal);
    if (events.length > 0) this.#core.ports.logger.info(`target ${targetId} sets a barrier`);
    const barrier = this.#barrierOf(targetId);
    if (barrier === undefined) throw new ApiError(503, 'the barrier was lifted while it was set; try again');
    return barrier;
  }

  async liftBarrier(targetId: string, caller: Caller, signal: AbortSignal): Promise<void> {
    const own = caller.fingerprint === undefined ? {} : { fingerprint: caller.fingerprint };
    const command = { kind: 'lift-barrier', targetId, ...own, reason: `lifted by ${caller.name}` } as const;
    await this.#core.desk.command(command, caller, signal);
  }

  #barrierOf(targetId: string): WireBarrier | undefined {
    const barrier = this.#core.control.state.outgoing.get(targetId)?.barrier;
    if (!barrier) return undefined;
    const { epoch, ticks } = barrier;
    if (ticks !== null) return { epoch, ticks: [...ticks] };
    return { epoch, waitsFor: this.#barriers.waitsFor(epoch) };
  }

  async checksums(
    targetId: string,
    { shards }: ChecksumsRequest,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<SideChecksum[]> {
    await this.#core.control.refresh(signal);
    this.assertOwns(targetId, caller);
    return await this.#checksums.ownSide(shards, 'source', signal);
  }

  /** Also for a target that is not registered yet: it may want to know what would become of it. */
  async listing(targetId: string, caller: Caller, signal: AbortSignal): Promise<ListedDatacenter> {
    await this.#core.control.refresh(signal);
    if (this.#core.control.state.outgoing.has(targetId)) this.assertOwns(targetId, caller);
    return await listDatacenter(this.#core.ports.deployment, 'source', signal);
  }

  /** Our own workers and masters may look; certificates only at what is theirs (S23). */
  assertOwns(targetId: string, caller: Caller): void {
    const target = this.#core.control.state.outgoing.get(targetId);
    if (target === undefined) throw new ApiError(404, `no target ${targetId} is registered here`);
    if (caller.kind === 'certificate' && caller.fingerprint !== target.fingerprint) {
      throw new ApiError(403, `target ${targetId} was registered with another client certificate`);
    }
  }

  async #contact(
    targetId: string,
    remembered: WireHead | undefined,
    signal: AbortSignal,
    held?: string,
  ): Promise<OutgoingContact> {
    const { control, ports } = this.#core;
    const { deployment, queueTokens } = ports;
    await control.refresh(signal);
    const { version } = await deployment.front.json<{ version: string }>({
      method: 'GET',
      path: '/_api/version',
      signal,
    });
    const target = control.state.outgoing.get(targetId);
    const shardsVersion = target?.shardsVersion ?? undefined;
    const barrier = this.#barrierOf(targetId);
    const { follows } = this.#link;
    const unfit = await this.#fitness.known(signal);
    const keptLog = this.#keptLog.of(targetId);
    return {
      deploymentId: deployment.id,
      version,
      head: { ...control.head },
      registered: target !== undefined,
      containsRemembered: remembered === undefined || (await containsHead(this.#core, remembered, signal)),
      endpoints: this.#publicEndpoints(),
      token: target === undefined ? '' : queueTokens.issue(targetId),
      'token-ttl': toNanoseconds(queueTokens.ttlMs),
      ...(held !== undefined && queueTokens.isOld(held) ? { tokenEnds: true } : {}),
      seen: highestSeen(control.state.outgoing, control.state.endedEpochs, targetId),
      ...(shardsVersion === undefined ? {} : { shardsVersion }),
      ...(barrier === undefined ? {} : { barrier }),
      ...(keptLog === undefined ? {} : { keptLog }),
      ...(follows.length === 0 ? {} : { follows: [...follows] }),
      ...this.#partOf(targetId),
      ...(unfit.length === 0 ? {} : { unfit: [...unfit] }),
    };
  }

  /** What we have of a deployment that we followed, or follow, where that is not everything. */
  #partOf(deploymentId: string): Pick<OutgoingContact, 'partOfYours'> {
    const { synchronization } = this.#core.control.state;
    const partial = partialCopy(synchronization) ?? synchronization.lastStop?.partial;
    return partial?.sourceDeployment === deploymentId ? { partOfYours: toWire(partial.selection) } : {};
  }

  #publicEndpoints(): string[] {
    const { masters } = this.#core.control.state;
    const endpoints = [...masters.values()].flatMap(({ publicEndpoints }) => publicEndpoints);
    return [...new Set(endpoints.length === 0 ? this.#core.settings.publicEndpoints : endpoints)];
  }
}

function certificateOf(caller: Caller): string {
  if (caller.fingerprint !== undefined) return caller.fingerprint;
  throw new ApiError(403, 'a target registers with its client certificate, which the registration then belongs to');
}
