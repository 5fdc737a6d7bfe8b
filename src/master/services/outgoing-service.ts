import { LogArchivedPast, LogCorrupt } from '../../events/log-errors.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import type { ChecksumsRequest, SideChecksum } from '../../wire/checksums.ts';
import { toNanoseconds } from '../../wire/durations.ts';
import type {
  OutgoingContact,
  OutgoingHeartbeat,
  OutgoingRegistration,
  OutgoingShards,
  WireHead,
} from '../../wire/outgoing.ts';
import type { ListedDatacenter } from '../../wire/shard-listing.ts';
import type { Core } from '../reconcile/core.ts';
import { type Mode, readMode, setMode } from '../server-mode.ts';
import { listDatacenter } from '../structure/listing.ts';
import type { ChecksumService } from './checksum-service.ts';

/** This datacenter as a source: what targets' masters ask. A target's id belongs to its certificate (S23). */
export class OutgoingService {
  readonly #core: Core;
  readonly #checksums: ChecksumService;

  constructor(core: Core, checksums: ChecksumService) {
    this.#core = core;
    this.#checksums = checksums;
  }

  /** Registers a target, or takes its new endpoints; the same again changes nothing. */
  async register(request: OutgoingRegistration, caller: Caller, signal: AbortSignal): Promise<OutgoingContact> {
    const fingerprint = certificateOf(caller);
    const { desk, ports } = this.#core;
    const { id: targetId, target, channels, token } = request;
    const command = {
      kind: 'register-outgoing',
      targetId,
      endpoints: target,
      fingerprint,
      inventoryChannel: channels.inventory,
      ownDeploymentId: ports.deployment.id,
      holdsToken: token !== undefined && ports.queueTokens.targetOf(token) === targetId,
    } as const;
    const events = await desk.command(command, caller, signal);
    if (events.length > 0) ports.logger.info(`target ${targetId} is registered`, { endpoints: target });
    return await this.#contact(targetId, request.remembered, signal);
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
    if (!control.state.outgoing.has(targetId)) return await this.#contact(targetId, request.remembered, signal);
    return await this.register({ id: targetId, ...request }, caller, signal);
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

  /** The target stopped, or an operator here forgets it; a client certificate may forget its own targets only. */
  async stop(targetId: string, mode: Mode | undefined, caller: Caller, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const reason = caller.kind === 'certificate' ? 'the target stopped' : `aborted by ${caller.name}`;
    const own = caller.fingerprint === undefined ? {} : { fingerprint: caller.fingerprint };
    const events = await desk.command({ kind: 'stop-outgoing', targetId, reason, ...own }, caller, signal);
    if (events.length > 0) ports.logger.info(`target ${targetId} is forgotten: ${reason}`);
    // A deployment that follows another one has its mode from there (S9).
    if (mode !== undefined && control.state.synchronization.phase === 'inactive') await this.#leaveIn(mode, signal);
  }

  async stopAll(mode: Mode | undefined, caller: Caller, signal: AbortSignal): Promise<void> {
    this.#core.desk.assertLeads();
    for (const targetId of this.#core.control.state.outgoing.keys()) await this.stop(targetId, mode, caller, signal);
  }

  async checksums(
    targetId: string,
    { shards }: ChecksumsRequest,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<SideChecksum[]> {
    await this.#core.control.refresh(signal);
    this.#assertOwns(targetId, caller);
    return await this.#checksums.ownSide(shards, 'source', signal);
  }

  async listing(targetId: string, caller: Caller, signal: AbortSignal): Promise<ListedDatacenter> {
    await this.#core.control.refresh(signal);
    this.#assertOwns(targetId, caller);
    return await listDatacenter(this.#core.ports.deployment, 'source', signal);
  }

  /** Our own workers and masters may look; certificates only at what is theirs (S23). */
  #assertOwns(targetId: string, caller: Caller): void {
    const target = this.#core.control.state.outgoing.get(targetId);
    if (target === undefined) throw new ApiError(404, `no target ${targetId} is registered here`);
    if (caller.kind === 'certificate' && caller.fingerprint !== target.fingerprint) {
      throw new ApiError(403, `target ${targetId} was registered with another client certificate`);
    }
  }

  async #contact(targetId: string, remembered: WireHead | undefined, signal: AbortSignal): Promise<OutgoingContact> {
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
    return {
      deploymentId: deployment.id,
      version,
      head: { ...control.head },
      registered: target !== undefined,
      containsRemembered: remembered === undefined || (await this.#contains(remembered, signal)),
      endpoints: this.#publicEndpoints(),
      token: target === undefined ? '' : queueTokens.issue(targetId),
      'token-ttl': toNanoseconds(queueTokens.ttlMs),
      ...(shardsVersion === undefined ? {} : { shardsVersion }),
    };
  }

  /** Whether our log still has a commit that the target saw (S1). What was archived on purpose is not missing. */
  async #contains(remembered: WireHead, signal: AbortSignal): Promise<boolean> {
    const { head } = this.#core.control;
    if (remembered.position === 0) return true;
    if (remembered.position > head.position) return false;
    if (remembered.position === head.position) return remembered.hash === head.hash;
    try {
      const next = await this.#core.ports.log.read(remembered, 1, signal);
      return next.length > 0;
    } catch (error) {
      if (error instanceof LogArchivedPast) return true;
      if (error instanceof LogCorrupt) return false;
      throw error;
    }
  }

  #publicEndpoints(): string[] {
    const { masters } = this.#core.control.state;
    const endpoints = [...masters.values()].flatMap(({ publicEndpoints }) => publicEndpoints);
    return [...new Set(endpoints.length === 0 ? this.#core.settings.publicEndpoints : endpoints)];
  }

  async #leaveIn(mode: Mode, signal: AbortSignal): Promise<void> {
    const { front } = this.#core.ports.deployment;
    if ((await readMode(front, signal)) !== mode) await setMode(front, mode, signal);
  }
}

function certificateOf(caller: Caller): string {
  if (caller.fingerprint !== undefined) return caller.fingerprint;
  throw new ApiError(403, 'a target registers with its client certificate, which the registration then belongs to');
}
