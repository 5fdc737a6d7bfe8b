import { MarkerCursor } from '../markers.ts';
import { compareTicks, type SenderLink, type Tick, type Witness } from '../queue.ts';
import type { Environment } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import { LogPosition } from './log-position.ts';
import type { Member } from './member.ts';
import type { Standing } from './reader-standing.ts';
import type { SourceServer } from './source-server.ts';
import { laterTick, tail, tickMinus } from './tail.ts';
import { RecentOperations } from './witness.ts';

/** How far back, in ticks, and how much of it, is read for a first witness. */
const LOOK_BACK_TICKS = [2_000, 100_000] as const;
const LOOK_BACK_BYTES = 8 * 1024 * 1024;
const LOOK_BACK_CHUNK_BYTES = 256 * 1024;

export interface ReaderFloorParts {
  readonly server: SourceServer;
  readonly link: SenderLink;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  readonly channels: () => Iterable<{ readonly channel: string; readonly member: Member | undefined }>;
}

/**
 * The position that a link's shards of one server share. It may be stored as a checkpoint, so it lies either at an
 * operation that can be read back (S5), or at a tick that the server has made durable: what was merely scanned over can be
 * lost in a power cut, and its ticks given to operations that nobody would ever read.
 */
export class ReaderFloor {
  readonly #parts: ReaderFloorParts;
  readonly #recent = new RecentOperations();
  #position: Tick = '0';
  /** End of the last transaction with an operation. */
  #seenUpTo: Tick = '0';
  #hasUnfinished = false;
  #durable: Tick = '0';
  #syncedAt = -Infinity;
  #told: { readonly tick: Tick; readonly at: number; readonly standing?: Standing } = { tick: '', at: -Infinity };

  constructor(parts: ReaderFloorParts) {
    this.#parts = parts;
  }

  /** `start` was read up to by somebody, in this incarnation of the server. */
  async begin(start: Tick, signal: AbortSignal): Promise<void> {
    this.#position = start;
    this.#seenUpTo = '0';
    await this.#parts.server.sync(signal);
    this.#syncedAt = this.#parts.environment.now();
    this.#durable = start;
    this.#hasUnfinished = false;
    this.#told = { tick: '', at: -Infinity };
    await this.#lookBack(start, signal);
  }

  get tick(): Tick {
    const backed = laterTick(this.#seenUpTo, this.#durable);
    return compareTicks(backed, this.#position) < 0 ? backed : this.#position;
  }

  get witnesses(): readonly Witness[] {
    return this.#recent.upTo(this.tick);
  }

  saw(marker: MarkerCursor, groupTick: Tick): void {
    this.#recent.saw(marker, groupTick);
    this.#hasUnfinished = true;
  }

  complete(tick: Tick): void {
    if (this.#hasUnfinished) this.#seenUpTo = tick;
    this.#hasUnfinished = false;
  }

  settle(): void {
    this.#recent.settle();
  }

  /** Sends a floor when it moved, or when the last is old; and keeps the log for those who stand on it. */
  async tell(position: Tick, standing: Standing, now: number, signal: AbortSignal): Promise<void> {
    this.#position = position;
    await this.#makeDurable(signal);
    const { tick } = this;
    if (tick === this.#told.tick && now - this.#told.at < this.#parts.limits.floorEveryMs) return;
    this.#told = { tick, at: now, standing };
    this.#push(tick, standing);
  }

  /** Says once more what was said last: nothing is read at this moment, and the streams live. */
  repeat(): void {
    const { tick, standing } = this.#told;
    if (standing !== undefined && !this.#parts.link.closed.aborted) this.#push(tick, standing);
  }

  #push(tick: Tick, standing: Standing): void {
    const { server, link } = this.#parts;
    const { witnesses } = this;
    const except = this.#advance(tick);
    const { id: dbServer, serverId } = server;
    const { asOf, readBytes, unreadBytes } = standing;
    const known = {
      ...(asOf === undefined ? {} : { asOf }),
      readBytes,
      ...(unreadBytes === undefined ? {} : { unreadBytes }),
    };
    link.push({
      header: { kind: 'floor', dbServer, serverId, tick, ...known, except, witnesses },
      body: new Uint8Array(0),
    });
  }

  /** Moves the streams that the floor covers, and tells the others. */
  #advance(tick: Tick): string[] {
    const except: string[] = [];
    for (const { channel, member } of this.#parts.channels()) {
      const stream = member?.state === 'live' ? member.options.stream : undefined;
      if (stream === undefined || compareTicks(stream.position, tick) > 0) except.push(channel);
      else stream.reachedFloor(tick);
    }
    return except;
  }

  async #makeDurable(signal: AbortSignal): Promise<void> {
    const { server, environment, limits } = this.#parts;
    const position = this.#position;
    if (this.tick === position || environment.now() - this.#syncedAt < limits.syncEveryMs) return;
    this.#syncedAt = environment.now();
    const before = await server.incarnation.current(signal);
    await server.sync(signal);
    if ((await server.incarnation.current(signal)) === before) this.#durable = position;
  }

  /** Finds operations before the start, so that a checkpoint there can be held against the log later. */
  async #lookBack(start: Tick, signal: AbortSignal): Promise<void> {
    for (const ticks of LOOK_BACK_TICKS) {
      const from = tickMinus(start, ticks);
      await this.#readForWitnesses(from, start, signal);
      if (this.#recent.upTo(start).length > 0 || from === '0') return;
    }
  }

  async #readForWitnesses(from: Tick, to: Tick, signal: AbortSignal): Promise<void> {
    const { server } = this.#parts;
    const position = new LogPosition(from);
    const handler = {
      operation: (marker: MarkerCursor, groupTick: Tick) => this.#recent.saw(marker, groupTick),
      complete: () => {},
      structure: () => {},
    };
    for (let read = 0; read < LOOK_BACK_BYTES; ) {
      if (compareTicks(position.request.from, to) >= 0) return;
      const answer = await tail(server.server, { ...position.request, to, chunkBytes: LOOK_BACK_CHUNK_BYTES }, signal);
      if (answer.body.length === 0) return;
      position.feed(new MarkerCursor(answer.body), answer, handler);
      this.#recent.settle();
      read += answer.body.length;
    }
  }
}
