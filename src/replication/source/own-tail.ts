import { ArangoUnreachable } from '../arango.ts';
import { MarkerCursor } from '../markers.ts';
import { compareTicks, type Tick } from '../queue.ts';
import type { Throttle } from '../throttle/throttle.ts';
import { StreamBroken } from './broken.ts';
import { type Environment, pause } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import { type LogHandler, LogPosition } from './log-position.ts';
import type { HeldBytes, OperationBuffer } from './operation-buffer.ts';
import type { Admit, ReadRoom } from './read-room.ts';
import { mayRead } from './read-throttle.ts';
import { ReaderStanding } from './reader-standing.ts';
import type { ShardStream } from './shard-stream.ts';
import type { SourceServer } from './source-server.ts';
import { structureReason } from './structure-reason.ts';
import { type TailAnswer, tail } from './tail.ts';
import type { ShardPlace } from './topology.ts';

const BACK_OFF_FIRST_MS = 50;
const BACK_OFF_MAX_MS = 2_000;

export interface OwnTailParts {
  readonly server: SourceServer;
  readonly place: ShardPlace;
  /** As its markers name it. */
  readonly key: string;
  readonly stream: ShardStream;
  readonly buffer: OperationBuffer;
  readonly room: ReadRoom;
  /** What all buffers of the worker hold. */
  readonly held: HeldBytes;
  readonly throttle: Throttle;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  /** Of the server, when the position was found good. */
  readonly incarnation: number;
}

interface Reading {
  /** Inclusive; undefined: as far as there is something. */
  readonly to: Tick | undefined;
  readonly chunkBytes: number;
  readonly admit: Admit;
}

/**
 * Reads the log for one shard alone: after a copy, behind its credit, or up to the tick of a snapshot. It waits for the
 * shard's credit, and so costs nobody else anything but the server's scanning.
 */
export class OwnTail {
  readonly #parts: OwnTailParts;
  readonly #position: LogPosition;
  readonly #handler: LogHandler;
  /** Markers are in other collections than the shard: the end of the log alone tells. */
  readonly #standing: ReaderStanding;
  /** With operations of the shard in the transaction being read, sent before or not. */
  #isInGroup = false;
  #readAt = 0;
  /** Of the answer in hand. */
  #operationsRead = 0;

  /** `from`: everything up to it is sent; the stream may be further, inside of a transaction. */
  constructor(parts: OwnTailParts, from: Tick) {
    this.#parts = parts;
    this.#position = new LogPosition(from);
    this.#standing = new ReaderStanding();
    this.#handler = {
      operation: (marker, groupTick) => this.#operation(marker, groupTick),
      complete: (tick) => this.#complete(tick),
      structure: (marker) => this.#structure(marker),
    };
  }

  /** Everything up to it is sent. */
  get at(): Tick {
    return this.#position.complete;
  }

  /** Reads and sends until little is left. */
  async catchUp(signal: AbortSignal): Promise<void> {
    for (;;) {
      const answer = await this.#step(undefined, signal);
      const { throttle, limits } = this.#parts;
      const isNear = answer.body.length < throttle.pieceBytes(limits.tailChunkBytes) / 2;
      if (isNear && !this.#position.isInsideTransaction) return;
    }
  }

  /** Reads and sends everything up to `tick`, and stands exactly there. `tick` is where a transaction ended. */
  async readUpTo(tick: Tick, signal: AbortSignal): Promise<void> {
    while (compareTicks(this.#position.complete, tick) < 0) {
      const answer = await this.#step(tick, signal);
      if (this.#position.isInsideTransaction) continue;
      if (answer.body.length === 0 || compareTicks(answer.lastScanned, tick) >= 0) this.#position.reach(tick);
    }
  }

  async #step(to: Tick | undefined, signal: AbortSignal): Promise<TailAnswer> {
    const { stream, room, throttle, limits } = this.#parts;
    await stream.credited(signal);
    // The limit first: who waits for it holds no room.
    await mayRead(stream, throttle, 'log', signal);
    const chunkBytes = throttle.pieceBytes(limits.tailChunkBytes);
    return stream.inRoom(room, chunkBytes, signal, (admit) => this.#read({ to, chunkBytes, admit }, signal));
  }

  async #read(piece: Reading, signal: AbortSignal): Promise<TailAnswer> {
    const { environment, throttle } = this.#parts;
    const { to, chunkBytes } = piece;
    this.#operationsRead = 0;
    const askedAt = environment.now();
    const answer = await this.#answer(piece, signal);
    this.#readAt = askedAt;
    const before = this.at;
    const position = this.#position;
    const { exactRemovalsBehind } = this.#parts.server;
    position.feed(new MarkerCursor(answer.body, exactRemovalsBehind), answer, this.#handler);
    // A read with a bound stops there, not where the log ends.
    if (to === undefined) this.#standing.answered({ askedAt, answer, chunkBytes, before, position });
    throttle.charge({ bytes: answer.body.length, operations: this.#operationsRead }, 'log');
    this.#send();
    return answer;
  }

  /** What is finished; the rest of a transaction as well when too much is held already. */
  #send(): void {
    const { stream, buffer, held, limits } = this.#parts;
    const complete = buffer.takeComplete();
    if (complete !== undefined) stream.operations(complete, this.#readAt, this.#standing.asOf);
    const rest = held.bytes > limits.heldBytes ? buffer.takeUnfinished() : undefined;
    if (rest !== undefined) stream.operations(rest, this.#readAt, this.#standing.asOf);
    buffer.settle();
  }

  async #answer(piece: Reading, signal: AbortSignal): Promise<TailAnswer> {
    const { environment, limits, server } = this.#parts;
    const since = environment.now();
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#ask(piece, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ArangoUnreachable)) throw error;
        if (environment.now() - since > limits.unreachableMs) {
          const reason = `the log of ${server.id} cannot be read: ${error.message}`;
          throw new StreamBroken('server-unreachable', reason, { retryAfterMs: BACK_OFF_MAX_MS });
        }
        await pause(environment, Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(failures, 10)), signal);
      }
    }
  }

  async #ask({ to, chunkBytes, admit }: Reading, signal: AbortSignal): Promise<TailAnswer> {
    const { server, place, incarnation } = this.#parts;
    const only = { database: place.database, shard: place.shard };
    const { request } = this.#position;
    const bound = to === undefined ? {} : { to };
    const asked = { ...request, ...bound, only, chunkBytes, admit };
    const answer = await tail(server.server, asked, signal);
    if ((await server.incarnation.current(signal)) !== incarnation) {
      throw new StreamBroken('log-replaced', `${server.id} restarted while the shard was catching up`);
    }
    if (compareTicks(answer.lastTick, request.from) < 0) {
      throw new StreamBroken('log-replaced', `the log of ${server.id} ends before ${request.from}`, { catchUp: 'any' });
    }
    if (!answer.fromPresent && request.from !== '0') {
      const reason = `the log of ${server.id} does not reach back to ${request.from} any more`;
      throw new StreamBroken('log-pruned', reason, { catchUp: 'any' });
    }
    return answer;
  }

  #operation(marker: MarkerCursor, groupTick: Tick): void {
    const { buffer, stream, limits, key } = this.#parts;
    this.#operationsRead += 1;
    if (marker.shardKey !== key) return;
    this.#isInGroup = true;
    if (compareTicks(marker.tick, stream.position) <= 0) return;
    buffer.add(marker.operation(), marker.tick, groupTick);
    if (buffer.bytes < limits.frameBytes && buffer.operations < limits.frameOperations) return;
    const piece = buffer.takeUnfinished();
    if (piece !== undefined) stream.operations(piece, this.#readAt, this.#standing.asOf);
  }

  /** A frame ends with an operation that can be read back (S5), not with what was merely scanned over. */
  #complete(tick: Tick): void {
    if (this.#isInGroup) this.#parts.buffer.markComplete(tick);
    this.#isInGroup = false;
  }

  #structure(marker: MarkerCursor): void {
    const reason = marker.shardKey === this.#parts.key ? structureReason(marker) : undefined;
    if (reason !== undefined) throw reason;
  }
}
