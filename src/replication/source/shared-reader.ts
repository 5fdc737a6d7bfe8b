import { MarkerCursor } from '../markers.ts';
import { compareTicks, type SenderLink, type Tick } from '../queue.ts';
import { StreamBroken } from './broken.ts';
import { waitForCredit } from './credit-wait.ts';
import { Doorbell } from './doorbell.ts';
import { type Environment, pause } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import { type LogHandler, LogPosition } from './log-position.ts';
import type { Departure, Member } from './member.ts';
import { replacedLog } from './opening.ts';
import { PollPace } from './poll-pace.ts';
import { ReaderFloor } from './reader-floor.ts';
import type { SourceServer } from './source-server.ts';
import { structureReason } from './structure-reason.ts';
import { type TailAnswer, tail, tickMinus } from './tail.ts';
import type { Topology } from './topology.ts';

/** Shards open in turn: those of a worker that begins anew read together as long as more of them keep coming. */
const GATHER_ROUNDS_MAX = 100;
const BACK_OFF_FIRST_MS = 50;
const BACK_OFF_MAX_MS = 2_000;

export interface SharedReaderParts {
  readonly server: SourceServer;
  readonly link: SenderLink;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  /** Channels whose stream is open on this server and link, with their place in this reader. */
  readonly channels: () => Iterable<{ readonly channel: string; readonly member: Member | undefined }>;
  /** Something in the log, or in reading it, says that the structure may have changed. */
  readonly onStructure: () => void;
  readonly refreshTopology: (signal: AbortSignal) => Promise<Topology>;
}

/**
 * Reads the log of one DB-Server once for all shards that go over one link, and hands its lines to them: the source's
 * cost does not depend on the number of shards. It waits for the link, never for one shard (S7): who has no credit left
 * leaves, and comes back by a tail of its own.
 *
 * Invariant: when an answer is done with, every operation up to the position is sent to its member or held by it, and
 * what a floor frame says is sent.
 */
export class SharedReader {
  readonly #parts: SharedReaderParts;
  readonly #members = new Map<string, Member>();
  readonly #waiting = new Set<Member>();
  readonly #bell = new Doorbell();
  readonly #floor: ReaderFloor;
  readonly #handler: LogHandler;
  /** With operations of the transaction being read. */
  readonly #inGroup = new Set<Member>();
  readonly #touched = new Set<Member>();
  #position: LogPosition | undefined;
  #incarnation = 0;
  readonly #pace: PollPace;
  #readAt = 0;
  #failingSince: number | undefined;
  #failures = 0;
  /** An answer is half handed over: nobody can go on behind it. */
  #isFeeding = false;

  constructor(parts: SharedReaderParts) {
    this.#parts = parts;
    this.#floor = new ReaderFloor(parts);
    this.#pace = new PollPace(parts.limits);
    this.#handler = {
      operation: (marker, groupTick) => this.#operation(marker, groupTick),
      complete: (tick) => this.#complete(tick),
      structure: (marker) => this.#structure(marker),
    };
  }

  /** Whether a shard standing at `tick` would miss what was read already. */
  isAheadOf(tick: Tick): boolean {
    return this.#position !== undefined && compareTicks(this.#position.complete, tick) > 0;
  }

  /** Lets a shard in at the next end of a transaction: its `entered` tells from which tick on its operations are held. */
  enter(member: Member): void {
    this.#waiting.add(member);
    this.#bell.ring();
  }

  /** The shard's own tail came up to `tick`. False when it has left in between. */
  goLive(member: Member, tick: Tick): boolean {
    if (member.state !== 'buffering') return false;
    member.goLive(tick);
    this.#flush(member);
    return true;
  }

  /** Lets a shard out: its stream has ended, or it goes on by a tail of its own. */
  leave(member: Member, why: Departure): void {
    this.#waiting.delete(member);
    if (this.#members.get(member.options.key) === member) this.#members.delete(member.options.key);
    this.#inGroup.delete(member);
    this.#touched.delete(member);
    member.options.buffer.clear();
    if (member.state !== 'gone') member.leave(why, this.#position?.complete ?? '0');
    this.#bell.ring();
  }

  /** An acknowledgement came: somebody may have credit again. */
  acknowledged(): void {
    this.#bell.ring();
  }

  /** Reads until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#turn(signal);
        this.#recovered();
      } catch (error) {
        if (signal.aborted) return;
        await this.#failed(error, signal).catch(() => undefined);
      }
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { link, environment } = this.#parts;
    if (this.#members.size === 0 && this.#waiting.size === 0) {
      this.#position = undefined;
      return this.#bell.wait(signal);
    }
    this.#position ??= await this.#begin(signal);
    this.#admit(this.#position);
    await link.writable(signal);
    const { limits } = this.#parts;
    const parts = { bell: this.#bell, environment, limits };
    await waitForCredit(this.#members, (member) => this.leave(member, 'behind'), parts, signal);
    const moved = await this.#read(this.#position, signal);
    if (!moved) await this.#bell.waitAtMost(environment, this.#pace.nextMs(environment.now()), signal);
  }

  /** Shards that open together read together, from the lowest of their positions; one far behind catches up alone. */
  async #begin(signal: AbortSignal): Promise<LogPosition> {
    const { environment, limits, server } = this.#parts;
    for (let round = 0, seen = -1; round < GATHER_ROUNDS_MAX && seen !== this.#waiting.size; round += 1) {
      seen = this.#waiting.size;
      await pause(environment, limits.gatherMs, signal);
    }
    this.#incarnation = await server.incarnation.current(signal);
    const wishes = [...this.#waiting].map(({ options }) => options.at).sort(compareTicks);
    const lowestGood = tickMinus(wishes.at(-1) ?? '0', limits.gatherTicksMax);
    const start = wishes.find((wish) => compareTicks(wish, lowestGood) >= 0) ?? '0';
    await this.#floor.begin(start, signal);
    return new LogPosition(start);
  }

  #admit(position: LogPosition): void {
    if (position.isInsideTransaction) return;
    for (const member of this.#waiting) {
      this.#waiting.delete(member);
      const { key, incarnation } = member.options;
      if (incarnation !== this.#incarnation) {
        member.break(new StreamBroken('log-replaced', 'the server restarted while the stream opened'));
        continue;
      }
      const before = this.#members.get(key);
      if (before !== undefined) this.leave(before, 'asked');
      this.#members.set(key, member);
      member.enter(position.complete);
    }
  }

  /** True when the log had something, or the position moved. */
  async #read(position: LogPosition, signal: AbortSignal): Promise<boolean> {
    const { server, limits, environment } = this.#parts;
    const request = { ...position.request, chunkBytes: limits.tailChunkBytes, syncerId: server.readerSyncerId };
    const readAt = environment.now();
    const answer = await tail(server.server, request, signal);
    if (compareTicks(answer.lastTick, request.from) < 0) {
      const reason = `the log of ${server.id} ends at ${answer.lastTick}, before ${request.from} where it was read: it was replaced`;
      throw new StreamBroken('log-replaced', reason, { catchUp: 'any' });
    }
    if (!answer.fromPresent && request.from !== '0') {
      const reason = `the log of ${server.id} does not reach back to ${request.from} any more`;
      throw new StreamBroken('log-pruned', reason, { catchUp: 'any' });
    }
    if (!(await this.#isSameIncarnation(position, signal))) return true;
    const before = position.complete;
    this.#readAt = readAt;
    this.#feed(position, answer);
    await this.#floor.tell(position.complete, readAt, signal);
    return answer.body.length > 0 || position.complete !== before;
  }

  #feed(position: LogPosition, answer: TailAnswer): void {
    const { server, environment } = this.#parts;
    this.#isFeeding = true;
    position.feed(new MarkerCursor(answer.body), answer, this.#handler);
    for (const member of this.#touched) this.#flush(member);
    this.#touched.clear();
    this.#isFeeding = false;
    this.#floor.settle();
    server.pin.passed(position.complete, answer.body.length);
    if (answer.body.length === 0) return;
    this.#pace.found(environment.now());
  }

  #operation(marker: MarkerCursor, groupTick: Tick): void {
    this.#floor.saw(marker, groupTick);
    const member = this.#members.get(marker.shardKey);
    if (member === undefined || member.skips(marker.tick)) return;
    const { buffer } = member.options;
    buffer.add(marker.operation(), marker.tick, groupTick);
    this.#inGroup.add(member);
    this.#touched.add(member);
    const { frameBytes, frameOperations, joinBufferBytes } = this.#parts.limits;
    if (member.state === 'buffering') {
      if (buffer.bytes > joinBufferBytes) this.leave(member, 'overflow');
    } else if (buffer.bytes >= frameBytes || buffer.operations >= frameOperations) {
      const piece = buffer.takeUnfinished();
      if (piece !== undefined) member.options.stream.operations(piece, this.#readAt);
    }
  }

  #complete(tick: Tick): void {
    for (const member of this.#inGroup) {
      member.options.buffer.markComplete(tick);
      // Its part of the transaction may have gone out with earlier answers: it has to hear of the end before a floor.
      this.#touched.add(member);
    }
    this.#inGroup.clear();
    this.#floor.complete(tick);
  }

  #structure(marker: MarkerCursor): void {
    this.#parts.onStructure();
    const member = this.#members.get(marker.shardKey);
    const reason = structureReason(marker);
    if (member === undefined || reason === undefined || member.skips(marker.tick)) return;
    this.#break(member, reason);
  }

  /** Sends what is finished, and takes what is held out of the answer it came with. */
  #flush({ state, options: { buffer, stream } }: Member): void {
    const piece = state === 'live' ? buffer.takeComplete() : undefined;
    if (piece !== undefined) stream.operations(piece, this.#readAt);
    buffer.settle();
  }

  async #isSameIncarnation(position: LogPosition, signal: AbortSignal): Promise<boolean> {
    const { server, refreshTopology } = this.#parts;
    const incarnation = await server.incarnation.current(signal);
    if (incarnation === this.#incarnation) return true;
    if (position.isInsideTransaction) {
      throw new StreamBroken('log-replaced', `${server.id} restarted while a transaction of its log was being read`);
    }
    const { tick, witnesses } = this.#floor;
    const doubt = await replacedLog({ tick, witnesses }, { server, refreshTopology }, signal);
    if (doubt !== undefined) throw new StreamBroken('log-replaced', doubt, { catchUp: 'any' });
    this.#incarnation = incarnation;
    this.#position = new LogPosition(tick);
    return false;
  }

  #recovered(): void {
    if (this.#failingSince === undefined) return;
    this.#parts.environment.log.info('the log of the source can be read again', { server: this.#parts.server.id });
    this.#failingSince = undefined;
    this.#failures = 0;
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { environment, limits, server, onStructure } = this.#parts;
    if (error instanceof StreamBroken) return this.#breakAll(error);
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#failingSince === undefined) {
      environment.log.warn('the log of the source cannot be read', { server: server.id, reason, error });
      // Its shards may have another leader now.
      onStructure();
    }
    this.#failingSince ??= environment.now();
    this.#failures += 1;
    if (this.#isFeeding || environment.now() - this.#failingSince > limits.unreachableMs) {
      const text = `the log of ${server.id} cannot be read: ${reason}`;
      this.#breakAll(new StreamBroken('server-unreachable', text, { retryAfterMs: BACK_OFF_MAX_MS }));
    }
    await pause(environment, Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(this.#failures, 10)), signal);
  }

  #breakAll(error: StreamBroken): void {
    this.#position = undefined;
    this.#isFeeding = false;
    this.#inGroup.clear();
    this.#touched.clear();
    for (const member of [...this.#members.values(), ...this.#waiting]) this.#break(member, error);
  }

  #break(member: Member, error: StreamBroken): void {
    member.break(error);
    this.leave(member, 'asked');
  }
}
