import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { notHeldText } from '../../domain/server-mode/not-held.ts';
import type { FoundSource } from '../../domain/synchronization/configure.ts';
import { KEEP_LOG_MS_MAX } from '../../domain/synchronization/pause.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import { toMilliseconds, toNanoseconds } from '../../wire/durations.ts';
import type { PauseSync } from '../../wire/kept-log.ts';
import type { CancelSync, CancelSyncAnswer, ConfigureSync, MessageTimeout } from '../../wire/sync-commands.ts';
import type { SyncInfo } from '../../wire/sync-info.ts';
import type { SyncPlan } from '../../wire/sync-plan.ts';
import type { BarrierReconciler } from '../reconcile/barriers.ts';
import type { CancellationReconciler } from '../reconcile/cancellation.ts';
import type { Core } from '../reconcile/core.ts';
import type { KeptLogReconciler } from '../reconcile/kept-log.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import { isAuthenticationOn } from '../server-mode.ts';
import { dropCredentials, keepCredentials } from '../source-credentials.ts';
import type { SourceMasters } from '../source-masters.ts';
import { listDatacenter } from '../structure/listing.ts';
import { planSync } from '../structure/plan-sync.ts';
import { localName } from '../structure/replicated-names.ts';
import { syncInfo } from '../views/sync-info.ts';
import type { BarrierService } from './barrier-service.ts';

/** No call blocks longer: clients give a call two minutes, divided by the number of endpoints. */
const waitMsMax = 110_000;
const keepLogDefaultMs = 24 * 3_600_000;

/** What operators ask of a synchronization. */
export class SyncService {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #cancellation: CancellationReconciler;
  readonly #barrier: BarrierService;
  readonly #keptLog: KeptLogReconciler;
  readonly #barriers: BarrierReconciler;

  constructor(
    core: Core,
    link: SourceLink,
    cancellation: CancellationReconciler,
    barrier: BarrierService,
    keptLog: KeptLogReconciler,
    barriers: BarrierReconciler,
  ) {
    this.#barriers = barriers;
    this.#keptLog = keptLog;
    this.#core = core;
    this.#link = link;
    this.#cancellation = cancellation;
    this.#barrier = barrier;
  }

  info(details: 'full' | 'short'): SyncInfo {
    const { control, desk, memory, quiet } = this.#core;
    const leads = desk.mayAct();
    const { waitingFor } = this.#cancellation;
    const waitsFor = waitingFor === '' ? this.#link.trouble : `waits for ${waitingFor}`;
    return syncInfo(control.state, {
      details,
      reportOf: (taskId) => (leads ? memory.telemetry.of(taskId) : undefined),
      waitsFor: leads ? waitsFor : undefined,
      sourceLog: leads ? this.#link.keptLog : undefined,
      keptLogOf: (targetId) => this.#keptLog.of(targetId),
      quietUntil: (suspect) => {
        const leftMs = quiet.leftMs(suspect);
        return leftMs === 0 ? undefined : quiet.until(leftMs);
      },
    });
  }

  /** Credentials are kept before the event that names them, and dropped again when nothing came of it. */
  async configure(request: ConfigureSync, caller: Caller, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    desk.assertLeads();
    const { clientCertificate, clientKey, caCertificate } = request.authentication;
    checkCredentials(request.authentication);
    const fingerprint = ports.secrets.fingerprint(clientCertificate, clientKey, caCertificate);
    const before = control.state.synchronization;
    const isKnown = before.phase === 'active' && before.configuration?.fingerprint === fingerprint;
    if (!isKnown) await this.#refuseOpenTarget(signal);
    await this.#refuseBrokenHold(signal);
    const found = before.phase === 'active' ? {} : { found: await this.#lookAtSource(request, signal) };
    const credentialId = isKnown ? (before.configuration?.credentialId ?? '') : ports.newId();
    // Also what is known already: so a repetition brings back what was lost.
    await keepCredentials(ports.secrets, credentialId, request.authentication, signal);
    const caFingerprint = createHash('sha256').update(caCertificate).digest('hex');
    const { source } = request;
    const reversal = request.reversal === true ? { reversal: true } : {};
    const command = {
      kind: 'configure-sync',
      source,
      credentialId,
      fingerprint,
      caFingerprint,
      ...found,
      ...reversal,
    } as const;
    const dropUnused = () => this.#dropUnused([credentialId, before.configuration?.credentialId]);
    try {
      await desk.command(command, caller, signal);
    } catch (error) {
      // A refusal is certain. After any other failure the event may be in the log, and names what was kept.
      if (error instanceof ApiError) await dropUnused();
      throw error;
    }
    await dropUnused();
  }

  /**
   * Answers at once, or waits for the end as long as it was asked to; 408 when that was not enough. With
   * `ensure_in_sync` 412 unless every shard is in sync behind a barrier; should that break in the last moment, nothing is
   * stopped either, and the status says why.
   */
  async cancel(request: CancelSync, caller: Caller, signal: AbortSignal): Promise<CancelSyncAnswer> {
    if (request.skip_quiet_time === true && request.force !== true) {
      throw new ApiError(400, 'skip_quiet_time goes with force: a stop that is not forced waits');
    }
    const { control, desk, ports } = this.#core;
    const { configuration, phase: before, cancellation } = control.state.synchronization;
    const source = configuration?.source;
    // Repeated while it is being done already: the barrier may be gone by then, because the source has stopped.
    const barrierEpoch = before === 'cancelling' ? cancellation?.barrierEpoch : undefined;
    const isEnsured = request.ensure_in_sync === true && before === 'active';
    const epoch = isEnsured ? this.#barrier.ensuredEpoch() : barrierEpoch;
    const command = {
      kind: 'cancel-sync',
      force: request.force ?? false,
      targetServerMode: request.target_server_mode ?? 'default',
      sourceServerMode: request.source_server_mode ?? 'default',
      ...(epoch === undefined ? {} : { barrierEpoch: epoch }),
      ...(request.skip_quiet_time === true ? { skipQuietTime: true } : {}),
    } as const;
    await desk.command(command, caller, signal);
    // Nothing is left to stop: what an earlier stop left read-only is made writable.
    if (before === 'inactive' && command.targetServerMode === 'default') {
      await desk.command({ kind: 'wish-server-mode', mode: 'default' }, caller, signal);
    }
    if (command.force) {
      const forceTimeout = request.force_timeout;
      this.#cancellation.force(forceTimeout === undefined ? undefined : toMilliseconds(forceTimeout));
    }
    const waitMs = Math.min(toMilliseconds(request.wait_timeout ?? 0), waitMsMax);
    if (waitMs > 0) await this.#waitUntilInactive(waitMs, signal);
    const { phase, lastStop } = control.state.synchronization;
    return {
      cancelling: phase === 'cancelling',
      aborted: phase === 'inactive' && lastStop?.aborted === true,
      ...(source === undefined ? {} : { source: [...source] }),
      cluster_id: ports.deployment.id,
      ...(this.#cancellation.waitingFor === '' ? {} : { message: `waits for ${this.#cancellation.waitingFor}` }),
    };
  }

  /** Nothing is received any more until {@link resume}; the source is asked to keep its log for so long. */
  async pause({ keep_log: keepLog }: PauseSync, caller: Caller, signal: AbortSignal): Promise<void> {
    const { desk } = this.#core;
    desk.assertLeads();
    if (this.#link.barrier !== undefined) {
      throw new ApiError(412, "a barrier holds the source read-only for this target: let 'stop sync' end, or lift it");
    }
    const keepLogMs = keepLog === undefined ? keepLogDefaultMs : Math.round(toMilliseconds(keepLog));
    if (keepLogMs > KEEP_LOG_MS_MAX) throw new ApiError(400, 'bad request: keep_log must be 7 days at most');
    const record = () => desk.command({ kind: 'pause-sync', keepLogMs }, caller, signal);
    await this.#link.announcePause(keepLogMs, record, signal);
  }

  async resume(caller: Caller, signal: AbortSignal): Promise<void> {
    await this.#core.desk.command({ kind: 'resume-sync' }, caller, signal);
    this.#link.contactSoon();
  }

  /** What this deployment would become by following the source; nothing is changed on either side. */
  async plan(request: ConfigureSync, signal: AbortSignal): Promise<SyncPlan> {
    const { deployment } = this.#core.ports;
    this.#core.desk.assertLeads();
    checkCredentials(request.authentication);
    return await this.#withSource(request, signal, async (masters) => {
      const contact = await masters.look(deployment.id, signal);
      const [source, target] = await Promise.all([
        masters.listing(deployment.id, signal),
        listDatacenter(deployment, 'target', signal),
      ]);
      const count = async (database: string, collection: string) => {
        const path = `/_api/collection/${encodeURIComponent(localName(collection, 'target'))}/count`;
        return (await deployment.front.json<{ count: number }>({ method: 'GET', database, path, signal })).count;
      };
      const { deploymentId: id, version } = contact;
      return { source: { id, version }, ...(await planSync(source, target, count)) };
    });
  }

  messageTimeout(): MessageTimeout {
    return { messageTimeout: toNanoseconds(this.#core.control.state.settings.messageTimeoutMs) };
  }

  async setMessageTimeout({ messageTimeout }: MessageTimeout, caller: Caller, signal: AbortSignal): Promise<void> {
    const messageTimeoutMs = Math.round(toMilliseconds(messageTimeout));
    await this.#core.desk.command({ kind: 'set-message-timeout', messageTimeoutMs }, caller, signal);
  }

  async resetShards(
    shard: { readonly database: string; readonly collection: string; readonly shardIndex?: number },
    caller: Caller,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#core.desk.command({ kind: 'reset-shards', ...shard }, caller, signal);
  }

  async confirmDrops(collections: readonly string[], caller: Caller, signal: AbortSignal): Promise<void> {
    await this.#core.desk.command({ kind: 'confirm-drops', collections }, caller, signal);
  }

  /** Who answers there, with the credentials that were given: better refused now than failing in the night. */
  #lookAtSource(request: ConfigureSync, signal: AbortSignal): Promise<FoundSource> {
    const { deployment } = this.#core.ports;
    return this.#withSource(request, signal, async (masters) => {
      const [contact, own] = await Promise.all([
        masters.look(deployment.id, signal),
        deployment.front.json<{ version: string }>({ method: 'GET', path: '/_api/version', signal }),
      ]);
      const { deploymentId, version, follows = [], seen = 0 } = contact;
      return { deploymentId, version, follows, ownDeploymentId: deployment.id, ownVersion: own.version, seen };
    });
  }

  async #withSource<T>(
    { source, authentication }: ConfigureSync,
    signal: AbortSignal,
    ask: (masters: SourceMasters) => Promise<T>,
  ): Promise<T> {
    const masters = this.#core.ports.openSource(source, authentication);
    try {
      return await ask(masters);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      throw new ApiError(412, `the source ${source.join(', ')} cannot be followed: ${why}`, { cause: error });
    } finally {
      await masters.close();
    }
  }

  /** In read-only mode nobody can write a deployment without authentication, we neither (S23). */
  async #refuseOpenTarget(signal: AbortSignal): Promise<void> {
    if (await isAuthenticationOn(this.#core.ports.deployment.front, signal)) return;
    throw new ApiError(412, 'this deployment has authentication switched off and cannot be a target: switch it on');
  }

  /** A reversal in two steps of its own, or ours: writable at this moment is too late to be noticed afterwards (S8). */
  async #refuseBrokenHold(signal: AbortSignal): Promise<void> {
    const { control } = this.#core;
    const { heldFor } = control.state.serverMode;
    if (heldFor === null) return;
    await this.#barriers.confirmHold(signal);
    const { serverMode } = control.state;
    if (serverMode.heldFor === null) throw new ApiError(412, notHeldText(serverMode, heldFor.targetId));
  }

  async #dropUnused(credentialIds: readonly (string | undefined)[]): Promise<void> {
    const { control, ports } = this.#core;
    const used = control.state.synchronization.configuration?.credentialId;
    for (const credentialId of new Set(credentialIds)) {
      if (credentialId === undefined || credentialId === '' || credentialId === used) continue;
      await dropCredentials(ports.secrets, credentialId);
    }
  }

  async #waitUntilInactive(waitMs: number, signal: AbortSignal): Promise<void> {
    const { control, ports } = this.#core;
    const endMs = ports.clock.monotonicMs() + waitMs;
    while (control.state.synchronization.phase !== 'inactive') {
      const { withdrawn } = control.state.synchronization;
      if (withdrawn !== null) throw new ApiError(412, `nothing was stopped: ${withdrawn.reason}`);
      const leftMs = endMs - ports.clock.monotonicMs();
      signal.throwIfAborted();
      if (leftMs <= 0) {
        const waitingFor = this.#cancellation.waitingFor || 'its tasks to end';
        throw new ApiError(408, `the synchronization is still being cancelled: it waits for ${waitingFor}`);
      }
      await control.waitForChange(leftMs, signal);
    }
  }
}

function checkCredentials({ clientCertificate, clientKey, caCertificate }: ConfigureSync['authentication']): void {
  const certificate = readCertificate(clientCertificate, 'clientCertificate');
  readCertificate(caCertificate, 'caCertificate');
  const key = attempt('clientKey', 'is not a private key in PEM form', () => createPrivateKey(clientKey));
  if (!certificate.checkPrivateKey(key)) throw new ApiError(400, 'clientKey does not belong to clientCertificate');
}

function readCertificate(pem: string, field: string): X509Certificate {
  return attempt(field, 'is not a certificate in PEM form', () => new X509Certificate(pem));
}

function attempt<T>(field: string, what: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new ApiError(400, `${field} ${what}`);
  }
}
