import type { EventData } from '../../events/vocabulary.ts';
import { type Mode, readMode, setMode } from '../server-mode.ts';
import { dropCredentials } from '../source-credentials.ts';
import { SourceRefused, SourceUnreachable } from '../source-masters.ts';
import type { Core } from './core.ts';
import { mayStillReceive } from './letting-go.ts';
import type { SourceLink } from './source-link.ts';

type Cancellation = EventData<'SyncCancelRequested'>;

/** How long a forced cancellation tries the source when the operator named no time. */
const forceAfterDefaultMs = 10_000;

/**
 * Ends a cancelled synchronization, step by step; each can be repeated by the next leader: the source is told, workers
 * have let go of their tasks, the target has the mode that was asked for, and only then it is recorded as stopped.
 */
export class CancellationReconciler {
  readonly #core: Core;
  readonly #link: SourceLink;
  /** Since when this leader sees the cancellation, or its force: how long the source was tried. */
  #triedSinceMs: number | undefined;
  #forceAfterMs = forceAfterDefaultMs;
  #told: 'yes' | 'given up' | 'refused' | undefined;
  #waitingFor = '';
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
    await this.#finish(cancellation.targetServerMode, signal);
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
      const number = this.#core.control.state.synchronization.configuration?.position ?? 0;
      const how = {
        serverMode,
        ...(barrierEpoch === undefined ? {} : { barrierEpoch }),
        asOf: this.#core.control.head.position,
        ...(number === 0 ? {} : { epoch: number }),
      };
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

  async #finish(asked: Mode, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const { front } = ports.deployment;
    // Targets of ours may hold us read-only for reasons of their own (S9).
    const isHeld = [...control.state.outgoing.values()].some(({ barrier }) => barrier !== null);
    const mode = isHeld ? 'readonly' : asked;
    this.#waitingFor = `the target to be ${mode === 'default' ? 'writable' : 'read-only'}`;
    desk.assertLeads();
    if ((await readMode(front, signal)) !== mode) await setMode(front, mode, signal);
    if ((await readMode(front, signal)) !== mode) return;
    const { configuration } = control.state.synchronization;
    const aborted = this.#told === 'given up';
    const reason = aborted ? 'aborted: the source could not be told' : 'stopped by an operator';
    await desk.internal({ kind: 'finish-cancellation', aborted, reason }, 'cancellation', signal);
    ports.logger.info(`the synchronization is ${reason}`);
    await this.#link.dropToken(signal);
    await this.#link.close();
    if (configuration !== null) await dropCredentials(ports.secrets, configuration.credentialId, signal);
  }

  #nowMs(): number {
    return this.#core.ports.clock.monotonicMs();
  }
}
