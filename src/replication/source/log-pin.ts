import type { KeptLog } from '../../wire/kept-log.ts';
import type { ArangoServer } from '../arango.ts';
import { isoTime } from '../iso-time.ts';
import { compareTicks, type Tick } from '../queue.ts';
import { Doorbell } from './doorbell.ts';
import type { Environment } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import { track, untrack } from './tail.ts';

/** How far the log had been read at a moment. */
interface Mark {
  readonly tick: Tick;
  readonly bytes: number;
  readonly at: number;
}

/** Behind by less, the time at which the log would be given up is not told: it moves on all the time. */
const BEHIND_TOLD_MS = 60_000;
const MINUTE_MS = 60_000;
/** The same for all whom it holds for: asked for every shard each second. */
const KEPT: KeptLog = { state: 'kept' };

/** Marks kept: with one every few seconds, hours. When there are more, every second one is forgotten. */
const MARKS_MAX = 4_096;

/**
 * Keeps a server's log from the lowest position that a target may have to come back to (S7). Reading moves only the
 * reader's own mark on the server, so this is another client of it. A position that is too far behind is given up, with
 * a reason: its shard is copied again if it comes back too late, and the source's disk does not fill.
 */
export class LogPin {
  readonly #server: ArangoServer;
  readonly #syncerId: string;
  readonly #environment: Environment;
  readonly #limits: SourceLimits;
  readonly #positions = new Map<object, { tick: Tick; dropped?: string }>();
  readonly #bell = new Doorbell();
  #marks: Mark[] = [];
  #bytesRead = 0;
  #pinned: Tick | undefined;
  #pinnedAtMs = -Infinity;
  /** Why the last request did not reach the server. */
  #failure: string | undefined;
  /** Requests that may still move the pin. */
  #underway = 0;

  constructor(server: ArangoServer, syncerId: string, environment: Environment, limits: SourceLimits) {
    this.#server = server;
    this.#syncerId = syncerId;
    this.#environment = environment;
    this.#limits = limits;
  }

  /** `owner` may come back to `tick`. */
  set(owner: object, tick: Tick): void {
    const position = this.#positions.get(owner);
    if (position === undefined) this.#positions.set(owner, { tick });
    else position.tick = tick;
  }

  /** Like {@link set}; the server keeps the log when this resolves. */
  async setNow(owner: object, tick: Tick, signal: AbortSignal): Promise<void> {
    this.set(owner, tick);
    if (!this.#isKept(tick)) await this.#assert(signal);
  }

  delete(owner: object): void {
    this.#positions.delete(owner);
    if (this.#positions.size === 0) this.#bell.ring();
  }

  /** Why the log is no longer kept for `owner`; undefined while it is. */
  droppedBecause(owner: object): string | undefined {
    return this.#positions.get(owner)?.dropped;
  }

  /**
   * Whether the server keeps the log for `owner`: as long as we read, or until a time when the position of `owner` stays
   * where it is, far behind. A server with a limit on its archive's size may give it up nevertheless.
   */
  keptFor(owner: object): KeptLog {
    const position = this.#positions.get(owner);
    if (position === undefined) return { state: 'unknown', message: 'nobody has read from it yet' };
    if (position.dropped !== undefined) return { state: 'released', message: position.dropped };
    if (this.#failure !== undefined) return { state: 'unknown', message: this.#failure };
    const behind = this.#firstBehind(position.tick);
    if (behind === undefined || this.#environment.now() - behind.at < BEHIND_TOLD_MS) return KEPT;
    const end = behind.at + this.#limits.pinMsMax;
    return { state: 'kept', until: isoTime(end - (end % MINUTE_MS)) };
  }

  /** What a reader of the log has taken from it. */
  passed(tick: Tick, bytes: number): void {
    this.#bytesRead += bytes;
    const at = this.#environment.now();
    const last = this.#marks.at(-1);
    if (last !== undefined && at - last.at < this.#limits.pinEveryMs) return;
    this.#marks.push({ tick, bytes: this.#bytesRead, at });
    if (this.#marks.length > MARKS_MAX) this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
  }

  /** Renews the pin until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#bell.waitAtMost(this.#environment, this.#limits.pinEveryMs, signal);
        if (this.#positions.size > 0) await this.#assert(signal);
        else if (this.#pinned !== undefined) await this.#release(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failure = `${this.#server.name} cannot be told to keep it: ${error instanceof Error ? error.message : String(error)}`;
        this.#environment.log.warn('the log of the source could not be pinned', { server: this.#server.name, error });
      }
    }
  }

  /** Whether the server has just been told to keep the log from there on: with many shards it is not told for each. */
  #isKept(tick: Tick): boolean {
    const isFresh = this.#environment.now() - this.#pinnedAtMs < this.#limits.pinEveryMs;
    return isFresh && this.#underway === 0 && this.#pinned !== undefined && compareTicks(this.#pinned, tick) <= 0;
  }

  async #assert(signal: AbortSignal): Promise<void> {
    const lowest = this.#lowest();
    if (lowest === undefined || lowest === '0') return;
    this.#underway += 1;
    try {
      await track(this.#server, this.#syncerId, lowest, signal);
    } finally {
      this.#underway -= 1;
    }
    this.#failure = undefined;
    this.#pinned = lowest;
    this.#pinnedAtMs = this.#environment.now();
    this.#forgetMarksBelow(lowest);
  }

  async #release(signal: AbortSignal): Promise<void> {
    await untrack(this.#server, this.#syncerId, signal);
    this.#pinned = undefined;
    this.#marks = [];
  }

  #lowest(): Tick | undefined {
    let lowest: Tick | undefined;
    for (const position of this.#positions.values()) {
      this.#judge(position);
      if (position.dropped !== undefined) continue;
      if (lowest === undefined || compareTicks(position.tick, lowest) < 0) lowest = position.tick;
    }
    return lowest;
  }

  /** The first look at the log behind a position. */
  #firstBehind(position: Tick): Mark | undefined {
    return this.#marks.find(({ tick }) => compareTicks(tick, position) > 0);
  }

  #judge(position: { tick: Tick; dropped?: string }): void {
    const behind = this.#firstBehind(position.tick);
    const bytes = behind === undefined ? 0 : this.#bytesRead - behind.bytes;
    const ms = behind === undefined ? 0 : this.#environment.now() - behind.at;
    if (bytes <= this.#limits.pinBytesMax && ms <= this.#limits.pinMsMax) {
      delete position.dropped;
      return;
    }
    if (position.dropped !== undefined) return;
    position.dropped = `the target's last durable position is ${bytes} bytes and ${Math.round(ms / 1000)} s behind: the source's log is not kept for it any longer`;
    this.#environment.log.warn(position.dropped, { server: this.#server.name, tick: position.tick });
  }

  #forgetMarksBelow(tick: Tick): void {
    const index = this.#marks.findIndex((mark) => compareTicks(mark.tick, tick) > 0);
    if (index > 0) this.#marks.splice(0, index);
  }
}
