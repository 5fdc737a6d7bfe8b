import { numberOfCall, numberOfSync } from '../../domain/synchronization/numbers.ts';
import type { EventData } from '../../events/vocabulary.ts';
import { renewClocks } from '../clocks/renew-clocks.ts';
import { type Mode, readMode } from '../server-mode.ts';
import { dropCredentials } from '../source-credentials.ts';
import { SourceRefused, SourceUnreachable } from '../source-masters.ts';
import type { Core } from './core.ts';
import { mayStillReceive } from './letting-go.ts';
import type { SourceLink } from './source-link.ts';

type Cancellation = EventData<'SyncCancelRequested'>;

/** How long a forced cancellation tries the source when the operator named no time. */
const forceAfterDefaultMs = 10_000;
/** How long a forced cancellation tries to show that the target's clocks are ahead of what it holds (S16). */
const clocksTriedMs = 30_000;
/** One attempt: trees of all shards are asked for. */
const clocksAttemptMs = 120_000;

/**
 * Ends a cancelled synchronization, step by step; each can be repeated by the next leader: the source is told, workers
 * have let go of their tasks, what they sent in vain can no longer land (S4), the target's clocks are ahead of all that it
 * holds (S16), it has the mode that was asked for, and only then it is recorded as stopped.
 */
export class CancellationReconciler {
  readonly #core: Core;
  readonly #link: SourceLink;
  /** Since when this leader sees the cancellation, or its force: how long the source was tried. */
  #triedSinceMs: number | undefined;
  #forceAfterMs = forceAfterDefaultMs;
  #told: 'yes' | 'given up' | 'refused' | undefined;
  #waitingFor = '';
  /** Since when the clocks are being renewed. */
  #clocksSinceMs: number | undefined;
  #clocks: { readonly unverified?: string } | undefined;
  /** The cancellation that the above is about, and the term. */
  #which = '';

  constructor(core: Core, link: SourceLink) {
    this.#core = core;
    this.#link = link;
  }

  /** What the cancellation waits for, for people. */
  get waitingFor(): string {
    return this.#waitingFor;
  }

  /** An operator gave force; the source is tried for so long from now on. */
  force(afterMs: number | undefined): void {
    this.#triedSinceMs = this.#nowMs();
    this.#forceAfterMs = afterMs ?? forceAfterDefaultMs;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { phase, cancellation } = this.#core.control.state.synchronization;
    if (phase !== 'cancelling' || cancellation === null) {
      this.#beginAnew();
      return;
    }
    if (this.#which !== this.#current()) this.#beginAnew();
    this.#which = this.#current();
    this.#triedSinceMs ??= this.#nowMs();
    this.#told ??= await this.#tellSource(cancellation, signal);
    if (this.#which !== this.#current()) return;
    if (this.#told === 'refused') return this.#withdraw(signal);
    if (this.#told === undefined) return;
    if (mayStillReceive(this.#core)) {
      this.#waitingFor = 'workers to let go of their tasks';
      return;
    }
    if (!this.#isQuiet(cancellation)) return;
    this.#clocks ??= await this.#renewClocks(cancellation, signal);
    if (this.#clocks === undefined || this.#which !== this.#current()) return;
    await this.#finish(cancellation, this.#clocks.unverified, signal);
  }

  /** An old write must not land over what users write from now on (S4); nothing doubtful, nothing to wait for. */
  #isQuiet({ skipQuietTime }: Cancellation): boolean {
    const { control, quiet } = this.#core;
    const { suspects } = control.state;
    const leftMs = quiet.longestLeftMs(suspects);
    if (leftMs === 0 || skipQuietTime === true) return true;
    this.#waitingFor =
      `old writes that may still land in ${suspects.size} shards, until ${quiet.until(leftMs)} ` +
      `(${[...suspects.values()][0]?.reason}); 'arangosync abort sync --skip-quiet-time' does not wait`;
    return false;
  }

  /** Undefined: not yet. A forced cancellation makes the target writable in the end, and says what is not known. */
  async #renewClocks(
    { force }: Cancellation,
    signal: AbortSignal,
  ): Promise<{ readonly unverified?: string } | undefined> {
    const { control, desk, ports } = this.#core;
    this.#clocksSinceMs ??= this.#nowMs();
    desk.assertLeads();
    try {
      const { byKey, leftOut } = control.state.shards;
      // Also what was replicated into collections that are not selected any longer.
      const shards = [...[...byKey.values()].map(({ shard }) => shard), ...leftOut.values()];
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(clocksAttemptMs)]);
      const above = await renewClocks(ports.deployment, shards, ports.clock.now().getTime(), bounded);
      ports.logger.info("the target's servers give newer revisions than all that was replicated", { above });
      return {};
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      this.#waitingFor =
        `the target's servers to give newer revisions than they hold: ${why}; ` +
        "'arangosync abort sync' makes the target writable all the same";
      ports.logger.warn(`the cancellation waits for ${this.#waitingFor}`);
      const isGivenUp = force && this.#nowMs() - this.#clocksSinceMs >= clocksTriedMs;
      return isGivenUp ? { unverified: why } : undefined;
    }
  }

  /** What was done for another cancellation, or before others led, was not done for this one. */
  #current(): string {
    const { synchronization, leadership } = this.#core.control.state;
    return `${leadership.term} ${synchronization.phase} ${synchronization.configuration?.inventoryChannel}`;
  }

  #beginAnew(): void {
    this.#triedSinceMs = undefined;
    this.#told = undefined;
    this.#waitingFor = '';
    this.#clocksSinceMs = undefined;
    this.#clocks = undefined;
  }

  async #tellSource(
    cancellation: Cancellation,
    signal: AbortSignal,
  ): Promise<'yes' | 'given up' | 'refused' | undefined> {
    this.#core.desk.assertLeads();
    try {
      if (this.#link.isCalling) throw new SourceUnreachable('a contact with it is under way');
      const masters = await this.#link.masters(signal);
      const { sourceServerMode: serverMode, barrierEpoch } = cancellation;
      const { seen = 0 } = await masters.look(this.#core.ports.deployment.id, signal);
      await this.#core.control.refresh(signal);
      const { head, state } = this.#core.control;
      const epoch = numberOfSync(state.synchronization);
      const how = {
        serverMode,
        ...(barrierEpoch === undefined ? {} : { barrierEpoch }),
        // More than our log has was seen only when that went back: it is we who lead, and no call of the past.
        asOf: Math.max(seen, numberOfCall(state.synchronization, head.position)),
        ...(epoch === undefined ? {} : { epoch }),
      };
      this.#core.desk.assertLeads();
      await masters.forget(this.#core.ports.deployment.id, how, signal);
      return 'yes';
    } catch (error) {
      signal.throwIfAborted();
      this.#waitingFor = `the source to be told: ${error instanceof Error ? error.message : String(error)}`;
      const isBroken = cancellation.barrierEpoch !== undefined && error instanceof SourceRefused;
      if (isBroken && error.status === 412 && !cancellation.force) return 'refused';
      const isAnswer = error instanceof SourceRefused || error instanceof SourceUnreachable;
      if (!isAnswer) this.#core.ports.logger.warn(`the cancellation waits for ${this.#waitingFor}`, { error });
      const triedForMs = this.#nowMs() - (this.#triedSinceMs ?? this.#nowMs());
      return cancellation.force && triedForMs >= this.#forceAfterMs ? 'given up' : undefined;
    }
  }

  /** The source was written after all shards were in sync: stopping now could lose that (S8). */
  async #withdraw(signal: AbortSignal): Promise<void> {
    const { desk, ports } = this.#core;
    const reason = this.#waitingFor.replace('the source to be told: ', '');
    ports.logger.warn(`the synchronization goes on, nothing was stopped: ${reason}`);
    await desk.internal({ kind: 'withdraw-cancellation', reason }, 'cancellation', signal);
  }

  async #finish(
    { targetServerMode: asked }: Cancellation,
    clocksUnverified: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { control, desk, ports, quiet, modeTurns } = this.#core;
    if (!(await modeTurns.take(() => this.#giveMode(asked, signal), signal))) return;
    const { configuration } = control.state.synchronization;
    const aborted = this.#told === 'given up';
    const reason = aborted ? 'aborted: the source could not be told' : 'stopped by an operator';
    const unsettled = [...control.state.suspects.values()].filter((suspect) => quiet.leftMs(suspect) > 0).length;
    const unknown = {
      ...(unsettled === 0 ? {} : { unsettledShards: unsettled }),
      ...(clocksUnverified === undefined ? {} : { clocksUnverified }),
    };
    await desk.internal({ kind: 'finish-cancellation', aborted, reason, ...unknown }, 'cancellation', signal);
    ports.logger.info(`the synchronization is ${reason}`, unknown);
    await this.#link.dropToken(signal);
    await this.#link.close();
    if (configuration !== null) await dropCredentials(ports.secrets, configuration.credentialId, signal);
  }

  /** Whether the target has the mode that was asked for. */
  async #giveMode(asked: Mode, signal: AbortSignal): Promise<boolean> {
    if (this.#which !== this.#current()) return false;
    const { control, desk, ports, modeTurns } = this.#core;
    const { front } = ports.deployment;
    // Targets of ours may hold us read-only for reasons of their own (S9).
    const isHeld = [...control.state.outgoing.values()].some(({ barrier }) => barrier !== null);
    const mode: Mode = isHeld ? 'readonly' : asked;
    this.#waitingFor = `the target to be ${mode === 'default' ? 'writable' : 'read-only'}`;
    desk.assertLeads();
    if ((await readMode(front, signal)) !== mode) await modeTurns.set(front, mode, signal);
    return (await readMode(front, signal)) === mode;
  }

  #nowMs(): number {
    return this.#core.ports.clock.monotonicMs();
  }
}
