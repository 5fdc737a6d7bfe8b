import { KEEP_LOG_MS_MAX } from '../../domain/synchronization/pause.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import { toMilliseconds, toNanoseconds } from '../../wire/durations.ts';
import type { PauseSync } from '../../wire/kept-log.ts';
import type { CancelSync, CancelSyncAnswer, MessageTimeout } from '../../wire/sync-commands.ts';
import type { SyncInfo } from '../../wire/sync-info.ts';
import type { SetThrottle, ThrottleInfo } from '../../wire/throttle.ts';
import type { ShardReport } from '../../wire/worker.ts';
import type { CancellationReconciler } from '../reconcile/cancellation.ts';
import type { Core } from '../reconcile/core.ts';
import type { KeptLogReconciler } from '../reconcile/kept-log.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import type { RunningPass } from '../reconcile/verification.ts';
import { reportNow } from '../report-now.ts';
import { throttleInfo } from '../throttle-shares.ts';
import { syncInfo } from '../views/sync-info.ts';
import type { BarrierService } from './barrier-service.ts';

/** No call blocks longer: clients give a call two minutes, divided by the number of endpoints. */
const waitMsMax = 110_000;
const keepLogDefaultMs = 24 * 3_600_000;

/** What operators ask of a synchronization that is configured. */
export class SyncService {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #cancellation: CancellationReconciler;
  readonly #barrier: BarrierService;
  readonly #keptLog: KeptLogReconciler;
  /** The comparison of every shard that is under way. */
  readonly #runningPass: () => RunningPass | undefined;

  constructor(
    core: Core,
    link: SourceLink,
    cancellation: CancellationReconciler,
    barrier: BarrierService,
    keptLog: KeptLogReconciler,
    runningPass: () => RunningPass | undefined,
  ) {
    this.#runningPass = runningPass;
    this.#keptLog = keptLog;
    this.#core = core;
    this.#link = link;
    this.#cancellation = cancellation;
    this.#barrier = barrier;
  }

  info(details: 'full' | 'short'): SyncInfo {
    const { control, desk, quiet } = this.#core;
    const leads = desk.mayAct();
    const { waitingFor } = this.#cancellation;
    const waitsFor = waitingFor === '' ? this.#link.trouble : `waits for ${waitingFor}`;
    return syncInfo(control.state, {
      details,
      reportOf: (taskId) => (leads ? this.#reportOf(taskId) : undefined),
      waitsFor: leads ? waitsFor : undefined,
      sourceLog: leads ? this.#link.keptLog : undefined,
      keptLogOf: (targetId) => this.#keptLog.of(targetId),
      quietUntil: (suspect) => {
        const leftMs = quiet.leftMs(suspect);
        return leftMs === 0 ? undefined : quiet.until(leftMs);
      },
      runningPass: leads ? this.#runningPass() : undefined,
    });
  }

  #reportOf(taskId: string): ShardReport | undefined {
    const { control, memory, ports, settings } = this.#core;
    const nowMs = ports.clock.monotonicMs();
    const heard = memory.telemetry.heard(taskId, nowMs);
    const workerId = control.state.tasks.get(taskId)?.workerId ?? null;
    if (heard === undefined) return undefined;
    const silentMs = workerId === null ? Number.POSITIVE_INFINITY : memory.workers.silentForMs(workerId, nowMs);
    // A worker polls six times in a lease.
    return reportNow(heard, { workerId, silentMs, silentMsMax: settings.times.workerLeaseMs / 2 });
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

  messageTimeout(): MessageTimeout {
    return { messageTimeout: toNanoseconds(this.#core.control.state.settings.messageTimeoutMs) };
  }

  async setMessageTimeout({ messageTimeout }: MessageTimeout, caller: Caller, signal: AbortSignal): Promise<void> {
    const messageTimeoutMs = Math.round(toMilliseconds(messageTimeout));
    await this.#core.desk.command({ kind: 'set-message-timeout', messageTimeoutMs }, caller, signal);
  }

  throttle(): ThrottleInfo {
    const { settings, tasks } = this.#core.control.state;
    return throttleInfo(settings.throttle, tasks);
  }

  async setThrottle(change: SetThrottle, caller: Caller, signal: AbortSignal): Promise<void> {
    await this.#core.desk.command({ kind: 'set-throttle', ...change }, caller, signal);
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
