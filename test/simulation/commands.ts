import type { Master } from '../../src/master/master.ts';
import { ApiError } from '../../src/wire/api-error.ts';
import type { BarrierInfo } from '../../src/wire/barrier-info.ts';
import type { Caller } from '../../src/wire/caller.ts';
import { askMasters } from './ask-masters.ts';
import { credentials } from './keys.ts';
import type { SimProcess } from './process.ts';
import type { Site } from './site.ts';

export const operator: Caller = { kind: 'user', name: 'root' };
const callMsMax = 15_000;
const againMs = 700;
/** So long an abort tries the source; a repetition begins anew. */
const abortMs = 12_000;
const pollMs = 400;

const abortion = { force: true, target_server_mode: 'default', source_server_mode: 'default' } as const;

/** The operator went away in the middle: nothing is put back, and the command has to be repeated. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface Stop {
  /** The source stays read-only, to become the target (a reversal). */
  readonly sourceServerMode: 'default' | 'readonly';
  /** How long to wait behind the barrier. */
  readonly timeoutMs: number;
  /** Called between the steps; may throw {@link Interrupted}. */
  readonly between: () => void;
}

/** What an operator's command line does, step by step, as `cli/` does it. */
export class Commands {
  readonly #process: SimProcess;

  constructor(process: SimProcess) {
    this.#process = process;
  }

  ask<T>(site: Site, what: string, handle: (master: Master, gone: AbortSignal) => Promise<T>): Promise<T> {
    const { masters: nodes, network } = site;
    return askMasters({ network, from: this.#process, nodes, what, handle, timeoutMs: callMsMax }).catch((error) => {
      if (error instanceof ApiError) throw new Error(`refused: ${error.status} ${error.message}`);
      throw error;
    });
  }

  /** As somebody does who means it: follows the advice of refusals. */
  async configure(source: Site, target: Site): Promise<void> {
    try {
      await this.configureOnce(source, target);
    } catch (error) {
      const why = String(error);
      if (why.includes('abort outgoing sync')) {
        // The log has lost that this target stopped.
        await this.#forgetTarget(target, source.id);
      } else if (why.includes('would be a loop')) {
        // Somebody configured the wrong way when nothing was in its way.
        await this.ask(source, 'abort', ({ sync }, gone) => sync.cancel(abortion, operator, gone));
      } else if (why.includes('being cancelled') && Number.isFinite(target.wentBackAtMs)) {
        await this.#abortInVain(target);
        throw error;
      } else throw error;
      await this.configureOnce(source, target);
    }
  }

  /** As somebody does who has mixed up the datacenters: a loop is refused, and other advice is followed. */
  async configureWrongly(source: Site, target: Site): Promise<void> {
    try {
      await this.configureOnce(source, target);
    } catch (error) {
      if (!String(error).includes('abort outgoing sync')) throw error;
      await this.#forgetTarget(target, source.id);
      await this.configureOnce(source, target);
    }
  }

  async configureOnce(source: Site, target: Site, reversal = false): Promise<void> {
    const endpoints = source.masters.map(({ publicEndpoint }) => publicEndpoint);
    const request = { source: endpoints, authentication: credentials, ...(reversal ? { reversal } : {}) };
    await this.ask(target, 'configure', ({ configuration }, gone) => {
      target.barriers.followsNow();
      return configuration.configure(request, operator, gone);
    });
  }

  /** False: refused, because somebody may have written to what is to become the target since it stopped. */
  async configureReversed(source: Site, target: Site): Promise<boolean> {
    try {
      await this.configureOnce(source, target, true);
      return true;
    } catch (error) {
      const why = String(error);
      if (why.includes('following it would lose them')) return false;
      // The log of the old source has lost that the other one stopped, and with it that it is held.
      if (why.includes('abort outgoing sync')) await this.#forgetTarget(target, source.id);
      throw error;
    }
  }

  /** Again and again, as somebody who sees to it does. */
  async untilDone(command: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await command();
        return;
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        this.#process.logger.info(`tries again: ${error instanceof Error ? error.message : String(error)}`);
        await this.sleep(againMs);
      }
    }
  }

  /** Stops in sync behind a barrier; when that fails all is as before, unless it is already stopping. Repeatable. */
  async stop(target: Site, { sourceServerMode, timeoutMs, between }: Stop): Promise<void> {
    const status = await this.#status(target);
    if (status === 'inactive') return;
    if (status === 'failed') throw new Error('the synchronization has failed: it cannot be stopped in sync');
    try {
      const isCancelling = status === 'cancelling';
      if (!isCancelling) await this.#waitBehindBarrier(target, timeoutMs, between);
      const request = {
        ...(isCancelling ? {} : { ensure_in_sync: true }),
        target_server_mode: 'default',
        source_server_mode: sourceServerMode,
      } as const;
      await this.ask(target, 'cancel', ({ sync }, gone) => sync.cancel(request, operator, gone));
      await this.#untilInactive(target, between);
    } catch (error) {
      if (!(error instanceof Interrupted)) await this.#asBefore(target);
      throw error;
    }
  }

  async liftBarrier(target: Site): Promise<void> {
    await this.ask(target, 'lift the barrier', ({ barrier }, gone) => barrier.lift(operator, gone));
  }

  async isHeld(source: Site): Promise<boolean> {
    const info = await this.ask(source, 'status', async ({ sync }) => sync.info('short'));
    return info.held_for !== undefined;
  }

  async follows(target: Site, source: Site): Promise<boolean> {
    const info = await this.ask(target, 'status', async ({ sync }) => sync.info('short'));
    return source.masters.some(({ publicEndpoint }) => info.source.includes(publicEndpoint));
  }

  async sleep(ms: number): Promise<void> {
    await this.#process.clock.sleep(ms);
  }

  async #waitBehindBarrier(target: Site, timeoutMs: number, between: () => void): Promise<void> {
    const endMs = target.world.nowMs + timeoutMs;
    await this.ask(target, 'set the barrier', ({ barrier }, gone) => barrier.set(operator, gone));
    for (;;) {
      between();
      const info = await this.ask(target, 'barrier', async ({ barrier }): Promise<BarrierInfo> => barrier.info());
      if (info.SourceServerReadonly && info.not_in_sync_shards === 0) return;
      if (target.world.nowMs > endMs) throw new Error(`not in sync in time: ${JSON.stringify(info)}`);
      await this.sleep(pollMs);
    }
  }

  async #untilInactive(target: Site, between: () => void): Promise<void> {
    const endMs = target.world.nowMs + abortMs;
    for (;;) {
      between();
      const status = await this.#status(target);
      if (status === 'inactive') return;
      if (status !== 'cancelling') throw new Error(`nothing was stopped: it is ${status}`);
      if (Number.isFinite(target.wentBackAtMs) && target.world.nowMs > endMs) return this.#abortInVain(target);
      await this.sleep(pollMs);
    }
  }

  /** A log that went back to before the end of a stop waits in vain: the credentials are gone, as its status says. */
  async #abortInVain(target: Site): Promise<void> {
    await this.ask(target, 'abort', ({ sync }, gone) => sync.cancel(abortion, operator, gone));
    await this.sleep(abortMs);
  }

  async #asBefore(target: Site): Promise<void> {
    const status = await this.#status(target);
    if (status !== 'cancelling' && status !== 'inactive') await this.liftBarrier(target);
  }

  async #forgetTarget(source: Site, targetId: string): Promise<void> {
    await this.ask(source, 'abort outgoing', ({ outgoing }, gone) => outgoing.stop(targetId, {}, operator, gone));
  }

  async #status(target: Site): Promise<string> {
    const info = await this.ask(target, 'status', async (master, gone) => {
      await master.refresh(gone);
      return master.sync.info('short');
    });
    return info.status;
  }
}
