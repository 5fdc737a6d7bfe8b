import { runningWrites, textOfWrites } from '../running-writes.ts';
import { notReadOnly, readMode } from '../server-mode.ts';
import type { BarrierReconciler } from './barriers.ts';
import type { Core } from './core.ts';

/** After the mode was set, servers of a cluster follow one by one for some moments (reference 2.2). */
const settleMs = 5_000;

/** What a leader knows of the target under the current epoch: nothing before it has looked for the first time. */
export type TargetSight = 'not looked yet' | 'writable' | 'read-only';

/**
 * Keeps the target read-only while a synchronization is active (S9). A target that is seen writable after data may have
 * come into it has its own writes by now: the epoch ends, and checkpoints of before mean nothing (S3). Under the new one
 * nothing is received before the target was seen read-only, so that no shard is compared while others still write to it.
 */
export class TargetModeReconciler {
  readonly #core: Core;
  readonly #barriers: BarrierReconciler;
  #setAtMs = -Infinity;
  /** What users were writing when the target became read-only under an epoch: others cannot write. */
  #leftovers: { readonly epoch: string; readonly ids: ReadonlySet<string> } | undefined;
  #sight: { readonly term: number; readonly epoch: string; readonly isReadOnly: boolean } | undefined;

  constructor(core: Core, barriers: BarrierReconciler) {
    this.#core = core;
    this.#barriers = barriers;
  }

  /** Under the epoch, in this leader's own term: one that leads again has to look again. */
  sight(epoch: string): TargetSight {
    const { term } = this.#core.control.state.leadership;
    if (this.#sight?.epoch !== epoch || this.#sight.term !== term) return 'not looked yet';
    return this.#sight.isReadOnly ? 'read-only' : 'writable';
  }

  async step(signal: AbortSignal): Promise<void> {
    if (this.#activeEpoch() === undefined) return;
    const settling = await this.#core.modeTurns.take(() => this.#hold(signal), signal);
    if (settling !== undefined) await this.#settle(settling, signal);
  }

  /** The epoch under which the target is read-only; undefined when it was not. */
  async #hold(signal: AbortSignal): Promise<string | undefined> {
    const epoch = this.#activeEpoch();
    if (epoch === undefined) return undefined;
    const { front } = this.#core.ports.deployment;
    if ((await readMode(front, signal)) === 'readonly') return epoch;
    this.#leftovers = undefined;
    if (this.#nowMs() - this.#setAtMs < settleMs) return undefined;
    await this.#endEpoch(epoch, signal);
    this.#note(false);
    // As a source of others as well (a chain): their barriers do not hold any more.
    await this.#barriers.liftBroken(signal);
    // An operator may have ended it in the meantime.
    if (this.#activeEpoch() === undefined) return undefined;
    this.#core.desk.assertLeads();
    await this.#core.modeTurns.set(front, 'readonly', signal);
    this.#setAtMs = this.#nowMs();
    this.#core.ports.logger.info('made the target read-only');
    // What waits for it need not wait for the next round.
    this.#core.control.touch();
    return undefined;
  }

  #activeEpoch(): string | undefined {
    const { phase, configuration } = this.#core.control.state.synchronization;
    return phase === 'active' ? configuration?.epoch : undefined;
  }

  /**
   * What servers had taken while they were writable may still land, and a transaction ends in its own time: a shard that is
   * compared before that would keep such a write for ever, since the source never tells of it.
   */
  async #settle(epoch: string, signal: AbortSignal): Promise<void> {
    const { control, desk, ports, settings } = this.#core;
    const isSettled = () => control.state.synchronization.settledEpoch === epoch;
    if (!isSettled() && (await this.#isQuiet(epoch, signal))) {
      await ports.clock.sleep(settings.times.barrierQuietMs, signal);
      signal.throwIfAborted();
      if ((await readMode(ports.deployment.front, signal)) !== 'readonly') return;
      await desk.internal({ kind: 'settle-target', epoch }, 'target mode', signal);
    }
    this.#note(isSettled());
  }

  /** No server takes writes any more, and the transactions of before have ended. */
  async #isQuiet(epoch: string, signal: AbortSignal): Promise<boolean> {
    const { deployment, logger } = this.#core.ports;
    const servers = await notReadOnly(await deployment.everyServer(signal), signal);
    // A server that is silent cannot be written either.
    if (servers.some(({ isWritable }) => isWritable)) return false;
    const running = await runningWrites(deployment, signal);
    if (this.#leftovers?.epoch !== epoch) this.#leftovers = { epoch, ids: new Set(running.map(({ id }) => id)) };
    const { ids } = this.#leftovers;
    const left = running.filter(({ id }) => ids.has(id));
    if (left.length > 0) logger.info(`the target waits for ${textOfWrites(left)}`);
    return left.length === 0;
  }

  /** Before the target is settled nothing is received: there is nothing yet that others could have changed. */
  async #endEpoch(epoch: string, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    if (control.state.synchronization.settledEpoch !== epoch) return;
    const reason = 'the target was seen writable while the synchronization was active';
    ports.logger.warn(`${reason}: every shard is compared again`);
    await desk.internal({ kind: 'begin-epoch', reason }, 'target mode', signal);
  }

  #note(isReadOnly: boolean): void {
    const { leadership, synchronization } = this.#core.control.state;
    const { term } = leadership;
    const epoch = synchronization.configuration?.epoch ?? '';
    const before = this.#sight;
    if (before?.term === term && before.epoch === epoch && before.isReadOnly === isReadOnly) return;
    this.#sight = { term, epoch, isReadOnly };
    // The tasks of the synchronization, and workers that ask for theirs, have waited for it.
    this.#core.control.touch();
  }

  #nowMs(): number {
    return this.#core.ports.clock.monotonicMs();
  }
}
