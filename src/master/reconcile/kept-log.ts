import type { OutgoingPause } from '../../domain/outgoing/state.ts';
import { KEEP_LOG_MS_MAX } from '../../domain/synchronization/pause.ts';
import type { LogPosition } from '../../events/types/pause.ts';
import { syncerIdFor } from '../../replication/source/syncer-id.ts';
import { tail, untrack } from '../../replication/source/tail.ts';
import type { KeptLog } from '../../wire/kept-log.ts';
import type { Core } from './core.ts';

/** Servers forget whom they keep their log for when they start anew: they are told so often. */
const pinEveryMs = 10_000;
/** After a resumption the log is kept for so long, until the shards have opened and are kept by their own readers. */
const graceMs = 120_000;
const answerBytes = 16 * 1_024;

const noPositions = 'no shard of the target has a position to go on from: all are copied';

interface Held {
  readonly positions: readonly LogPosition[];
  pinnedAtMs: number;
  /** Why it is not known whether the log is kept; undefined when every server has it. */
  doubt: string | undefined;
  /** Since when the target goes on again. */
  endedAtMs: number | undefined;
}

/**
 * Keeps this source's log for targets that have paused, from the positions they go on from (S7). Which these are is in
 * the log, so that every leader goes on with it, under the same name at the servers. The log is given up, with an event,
 * when the time is over or a server does not have it any more.
 */
export class KeptLogReconciler {
  readonly #core: Core;
  readonly #held = new Map<string, Held>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** What a paused target is told; undefined for one that has not paused. */
  of(targetId: string): KeptLog | undefined {
    const pause = this.#core.control.state.outgoing.get(targetId)?.pause;
    if (!pause) return undefined;
    if (pause.released !== null) return { state: 'released', message: pause.released };
    if (pause.positions.length === 0) return { state: 'released', message: noPositions };
    const held = this.#held.get(targetId);
    if (held === undefined || !this.#core.desk.mayAct()) return { state: 'unknown', message: 'nobody has looked yet' };
    if (held.doubt !== undefined) return { state: 'unknown', message: held.doubt };
    return { state: 'kept', until: new Date(endOf(pause)).toISOString() };
  }

  async step(signal: AbortSignal): Promise<void> {
    const { outgoing } = this.#core.control.state;
    for (const [targetId, { pause }] of outgoing) {
      if (pause !== null && pause.released === null) await this.#keep(targetId, pause, signal);
    }
    for (const [targetId, held] of this.#held) {
      const pause = outgoing.get(targetId)?.pause ?? null;
      if (pause !== null && pause.released === null) continue;
      held.endedAtMs ??= this.#nowMs();
      if (pause === null && outgoing.has(targetId) && this.#nowMs() - held.endedAtMs < graceMs) continue;
      await this.#letGo(targetId, held, signal);
    }
  }

  async #keep(targetId: string, pause: OutgoingPause, signal: AbortSignal): Promise<void> {
    if (this.#core.ports.clock.now().getTime() > endOf(pause)) {
      const hours = Math.round(msOf(pause) / 3_600_000);
      return this.#release(targetId, pause, `the time is over for which it was kept (${hours} h)`, signal);
    }
    const before = this.#held.get(targetId);
    const isSame = before !== undefined && before.positions === pause.positions && before.endedAtMs === undefined;
    if (isSame && this.#nowMs() - before.pinnedAtMs < pinEveryMs) return;
    const held: Held = {
      positions: pause.positions,
      pinnedAtMs: this.#nowMs(),
      doubt: undefined,
      endedAtMs: undefined,
    };
    for (const position of pause.positions) {
      try {
        const lost = await this.#pin(targetId, position, signal);
        if (lost !== undefined) return await this.#release(targetId, pause, lost, signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#core.desk.assertLeads();
        held.doubt = `${position.dbServer} cannot be asked: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    this.#held.set(targetId, held);
  }

  /** Why the server does not have the log any more; undefined when it does, and keeps it. */
  async #pin(targetId: string, { dbServer, serverId, tick }: LogPosition, signal: AbortSignal) {
    this.#core.desk.assertLeads();
    const server = await this.#core.ports.deployment.dbServer(dbServer);
    const path = '/_api/wal/lastTick';
    const { server: now } = await server.json<{ server: { serverId: string } }>({ method: 'GET', path, signal });
    if (now.serverId !== serverId) return `${dbServer} has another data directory by now`;
    if (tick === '0') return undefined;
    const range = { from: tick, to: tick, lastScanned: tick, chunkBytes: answerBytes };
    const { fromPresent } = await tail(server, { ...range, syncerId: this.#syncerId(targetId, dbServer) }, signal);
    return fromPresent ? undefined : `the log of ${dbServer} does not reach back to tick ${tick} any more`;
  }

  async #release(targetId: string, { since }: OutgoingPause, reason: string, signal: AbortSignal): Promise<void> {
    const { desk, ports } = this.#core;
    ports.logger.warn(`the log is no longer kept for target ${targetId}, which has paused: ${reason}`);
    await desk.internal({ kind: 'release-log', targetId, since, reason }, 'kept log', signal);
  }

  /** Servers that do not answer forget it by themselves after some time. */
  async #letGo(targetId: string, { positions }: Held, signal: AbortSignal): Promise<void> {
    this.#held.delete(targetId);
    const { deployment, logger } = this.#core.ports;
    for (const { dbServer } of positions) {
      try {
        await untrack(await deployment.dbServer(dbServer), this.#syncerId(targetId, dbServer), signal);
      } catch (error) {
        signal.throwIfAborted();
        logger.debug(`${dbServer} was not told that it need not keep its log for ${targetId}`, { error });
      }
    }
  }

  /** The same under every leader. */
  #syncerId(targetId: string, dbServer: string): string {
    return syncerIdFor(`paused target ${targetId}`, dbServer, 'pin');
  }

  #nowMs(): number {
    return this.#core.ports.clock.monotonicMs();
  }
}

function msOf({ keepLogMs }: OutgoingPause): number {
  return Math.min(keepLogMs, KEEP_LOG_MS_MAX);
}

/** Ms since 1970, by the clock of the master that recorded the pause. */
function endOf(pause: OutgoingPause): number {
  return Date.parse(pause.since) + msOf(pause);
}
