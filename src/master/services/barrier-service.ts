import { RESUME_COMMAND } from '../../domain/synchronization/pause.ts';
import { heldBackBy } from '../../domain/synchronization/receiving.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { BarrierInfo } from '../../wire/barrier-info.ts';
import type { Caller } from '../../wire/caller.ts';
import type { Core } from '../reconcile/core.ts';
import type { InSyncReconciler } from '../reconcile/in-sync.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import { SourceRefused } from '../source-masters.ts';

/** `/_api/sync/barrier`, asked at the target: the source is made read-only so that the target can catch up (S8). */
export class BarrierService {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #inSync: InSyncReconciler;

  constructor(core: Core, link: SourceLink, inSync: InSyncReconciler) {
    this.#core = core;
    this.#link = link;
    this.#inSync = inSync;
  }

  /** Repeatable. 412 while no synchronization runs. Who asked stands in our log; the rest in the source's. */
  async set(caller: Caller, signal: AbortSignal): Promise<void> {
    this.#assertActive();
    const { desk, ports } = this.#core;
    const set = async () => (await this.#link.masters(signal)).setBarrier(ports.deployment.id, signal);
    const barrier = await told(set);
    await desk.command({ kind: 'note-barrier', epoch: barrier.epoch }, caller, signal);
    this.#link.takeBarrier(barrier);
  }

  /** Succeeds also when there is none. */
  async lift(caller: Caller, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    desk.assertLeads();
    if (control.state.synchronization.configuration === null) return;
    await told(async () => (await this.#link.masters(signal)).liftBarrier(ports.deployment.id, signal));
    await desk.command({ kind: 'withdraw-barrier' }, caller, signal);
    this.#link.takeBarrier(undefined);
  }

  info(): BarrierInfo {
    this.#core.desk.assertLeads();
    const { barrier, trouble } = this.#link;
    const { inSync, notInSync } = this.#inSync.count();
    const isEstablished = barrier?.ticks !== undefined;
    const waitsFor = barrier === undefined || isEstablished ? this.#suspicions() : (barrier.waitsFor ?? '');
    const message = trouble ?? waitsFor;
    return {
      in_sync_shards: inSync,
      not_in_sync_shards: notInSync,
      SourceServerReadonly: isEstablished,
      ...(message === '' ? {} : { message }),
    };
  }

  /**
   * The epoch of the barrier behind which every shard is in sync. Throws 412 with what is missing when there is none or
   * one is not.
   */
  ensuredEpoch(): string {
    this.#assertGoesOn();
    const { barrier } = this.#link;
    const { inSync, notInSync } = this.#inSync.count();
    if (barrier?.ticks === undefined) {
      throw new ApiError(412, 'no barrier holds at the source: nothing was stopped; set one, or stop without it');
    }
    if (notInSync === 0) return barrier.epoch;
    const why = this.#suspicions();
    const reason = why === '' ? '' : ` (${why})`;
    throw new ApiError(
      412,
      `${notInSync} of ${inSync + notInSync} shards are not in sync${reason}: nothing was stopped`,
    );
  }

  /** Which shards cannot become in sync yet, because old writes may land in them (S4). */
  #suspicions(): string {
    const { control, quiet } = this.#core;
    const { suspects } = control.state;
    const [first] = suspects.values();
    if (first === undefined) return '';
    const leftMs = quiet.longestLeftMs(suspects);
    const until = leftMs === 0 ? 'they are being compared' : `they are compared after ${quiet.until(leftMs)}`;
    return `old writes may land in ${suspects.size} shards: ${first.reason}; ${until}`;
  }

  /** While it has paused the target never catches up: whoever waited for it would wait with a source that is read-only. */
  #assertGoesOn(): void {
    const { synchronization, outgoing } = this.#core.control.state;
    const heldBack = heldBackBy(synchronization, outgoing);
    if (heldBack === undefined) return;
    const message =
      heldBack === 'pause'
        ? `the synchronization has paused and cannot become in sync: run ${RESUME_COMMAND} first`
        : 'a target of this datacenter catches up behind a barrier here: let its stop end first';
    throw new ApiError(412, `${message}, or stop it as it is with --ensure-in-sync=false`);
  }

  #assertActive(): void {
    this.#core.desk.assertLeads();
    const { phase, identity } = this.#core.control.state.synchronization;
    this.#assertGoesOn();
    if (phase === 'active' && identity !== null) return;
    throw new ApiError(412, `there is no running synchronization to set a barrier for: it is ${phase}`);
  }
}

/** A refusal is permanent and read by people; an unreachable source may answer the same call later. */
async function told<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ApiError(error instanceof SourceRefused ? 412 : 503, message, { cause: error });
  }
}
