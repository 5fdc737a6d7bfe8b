import { MarkerCursor } from '../markers.ts';
import { OVER } from '../over.ts';
import { compareTicks, type SenderLink, type Tick } from '../queue.ts';
import { type Throttle, UNKNOWN_COST } from '../throttle/throttle.ts';
import { StreamBroken } from './broken.ts';
import { waitForCredit } from './credit-wait.ts';
import { Doorbell } from './doorbell.ts';
import { type Environment, pause } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import { type LogHandler, LogPosition } from './log-position.ts';
import type { Departure, Member } from './member.ts';
import { replacedLog } from './opening.ts';
import type { HeldBytes } from './operation-buffer.ts';
import { PollPace } from './poll-pace.ts';
import type { Admit, ReadRoom } from './read-room.ts';
import { ReaderFloor } from './reader-floor.ts';
import { ReaderMembers } from './reader-members.ts';
import { ReaderStanding } from './reader-standing.ts';
import type { SourceServer } from './source-server.ts';
import { structureReason } from './structure-reason.ts';
import { type TailAnswer, tail, tickMinus } from './tail.ts';
import type { Topology } from './topology.ts';

/** Shards open in turn: those of a worker that begins anew read together as long as more of them keep coming. */
const GATHER_ROUNDS_MAX = 100;
const BACK_OFF_FIRST_MS = 50;
const BACK_OFF_MAX_MS = 2_000;
/** An answer of at most this part of what was asked for is little: who reads it is up to date. */
const LITTLE_PART = 1 / 8;

type Found = 'nothing' | 'little' | 'much';

export interface SharedReaderParts {
  readonly server: SourceServer;
  readonly link: SenderLink;
  /** For reads of the log, of all that go over this link. */
  readonly room: ReadRoom;
  /** What all buffers of the worker hold. */
  readonly held: HeldBytes;
  /** Of what is read from the source. */
  readonly throttle: Throttle;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  /** Channels whose stream is open on this server and link, with their place in this reader. */
  readonly channels: () => Iterable<{ readonly channel: string; readonly member: Member | undefined }>;
  /** Something in the log, or in reading it, says that the structure may have changed. */
  readonly onStructure: () => void;
  /** Whether an operation of the shard with this key is one of `_users`, which travels with the structure. */
  readonly isOfUsers: (key: string) => boolean;
  readonly refreshTopology: (signal: AbortSignal) => Promise<Topology>;
}

interface Reading {
  readonly chunkBytes: number;
  readonly admit: Admit;
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
  readonly #members: ReaderMembers;
  readonly #bell = new Doorbell();
  readonly #floor: ReaderFloor;
  readonly #handler: LogHandler;
  #position: LogPosition | undefined;
  #incarnation = 0;
  readonly #pace: PollPace;
  readonly #standing: ReaderStanding;
  #readAt = 0;
  #failingSince: number | undefined;
  #failures = 0;
  /** An answer is half handed over: nobody can go on behind it. */
  #isFeeding = false;
  /** Of the answer in hand, whoever follows their shards. */
  #operationsRead = 0;

  constructor(parts: SharedReaderParts) {
    this.#parts = parts;
    this.#members = new ReaderMembers({
      held: parts.held,
      limits: parts.limits,
      sending: () => ({ readAt: this.#readAt, asOf: this.#standing.asOf }),
      position: () => this.#position?.complete,
      onChange: () => this.#bell.ring(),
    });
    this.#floor = new ReaderFloor(parts);
    this.#pace = new PollPace(parts.limits);
    this.#standing = new ReaderStanding(parts.server.markers);
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
    this.#members.wait(member);
  }

  /** The shard's own tail came up to `tick`. False when it has left in between. */
  goLive(member: Member, tick: Tick): boolean {
    if (member.state !== 'buffering') return false;
    member.goLive(tick);
    this.#members.flush(member);
    return true;
  }

  /** Lets a shard out: its stream has ended, or it goes on by a tail of its own. */
  leave(member: Member, why: Departure): void {
    this.#members.leave(member, why);
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
        if (!signal.aborted) await this.#failed(error, signal).catch(() => undefined);
      }
    }
    this.#parts.server.markers.unfollow(this);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { environment, room, throttle, limits } = this.#parts;
    if (this.#members.isEmpty) {
      this.#position = undefined;
      this.#parts.server.markers.unfollow(this);
      return this.#bell.wait(signal);
    }
    this.#parts.server.markers.follow(this);
    this.#position ??= await this.#begin(signal);
    if (!this.#position.isInsideTransaction) this.#members.admit(this.#position.complete, this.#incarnation);
    const parts = { bell: this.#bell, environment, limits };
    await waitForCredit(this.#members.byKey, (member) => this.leave(member, 'behind'), parts, signal);
    // The limit first: who waits for it holds no room.
    await this.#mayRead(signal);
    const position = this.#position;
    const chunkBytes = throttle.pieceBytes(limits.tailChunkBytes);
    const found = await room.within({ bytes: chunkBytes, isAhead: true }, signal, (admit) =>
      this.#read(position, { chunkBytes, admit }, signal),
    );
    if (found === 'nothing') await this.#bell.waitAtMost(environment, this.#pace.nextMs(environment.now()), signal);
    // Not by the bell, which every acknowledgement rings.
    if (found === 'little') await pause(environment, limits.pollGatherMs, signal);
  }

  /** While it may not, the floor is told again now and then: nobody is to be taken for dead because of a limit. */
  async #mayRead(signal: AbortSignal): Promise<void> {
    const { throttle, environment, limits } = this.#parts;
    if (throttle.waitMs === 0) return;
    const over = new AbortController();
    const telling = repeatedly(environment, limits.queuedEveryMs, () => this.#floor.repeat(), over.signal);
    try {
      await throttle.pass(UNKNOWN_COST, 'log', signal);
    } finally {
      over.abort(OVER);
      await telling;
    }
  }

  /** Shards that open together read together, from the lowest of their positions; one far behind catches up alone. */
  async #begin(signal: AbortSignal): Promise<LogPosition> {
    const { environment, limits, server } = this.#parts;
    for (let round = 0, seen = -1; round < GATHER_ROUNDS_MAX && seen !== this.#members.waitingCount; round += 1) {
      seen = this.#members.waitingCount;
      await pause(environment, limits.gatherMs, signal);
    }
    this.#incarnation = await server.incarnation.current(signal);
    this.#pace.begins(environment.now());
    const { wishes } = this.#members;
    const lowestGood = tickMinus(wishes.at(-1) ?? '0', limits.gatherTicksMax);
    const start = wishes.find((wish) => compareTicks(wish, lowestGood) >= 0) ?? '0';
    await this.#floor.begin(start, signal);
    this.#standing.begin();
    return new LogPosition(start);
  }

  /** What the log had; `nothing` only when the position did not move either. */
  async #read(position: LogPosition, piece: Reading, signal: AbortSignal): Promise<Found> {
    const { server, environment } = this.#parts;
    const request = { ...position.request, ...piece, syncerId: server.readerSyncerId };
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
    if (!(await this.#isSameIncarnation(position, signal))) return 'much';
    const before = position.complete;
    this.#readAt = readAt;
    this.#feed(position, answer, piece.chunkBytes);
    await this.#floor.tell(position.complete, this.#standing.now, readAt, signal);
    if (answer.body.length > piece.chunkBytes * LITTLE_PART) return 'much';
    return answer.body.length > 0 || position.complete !== before ? 'little' : 'nothing';
  }

  #feed(position: LogPosition, answer: TailAnswer, chunkBytes: number): void {
    const { server, environment, throttle } = this.#parts;
    const before = position.complete;
    this.#isFeeding = true;
    this.#operationsRead = 0;
    position.feed(new MarkerCursor(answer.body, server.exactRemovalsBehind), answer, this.#handler);
    this.#standing.answered({ askedAt: this.#readAt, answer, chunkBytes, before, position });
    // What nobody follows, markers of ours above all, is no reason to read more often.
    if (this.#members.hasTouched) this.#pace.found(environment.now());
    this.#members.answerEnds();
    this.#isFeeding = false;
    this.#floor.settle();
    throttle.charge({ bytes: answer.body.length, operations: this.#operationsRead }, 'log');
    server.pin.passed(position.complete, answer.body.length);
  }

  #operation(marker: MarkerCursor, groupTick: Tick): void {
    this.#operationsRead += 1;
    this.#floor.saw(marker, groupTick);
    this.#standing.operation(marker);
    const member = this.#members.byKey.get(marker.shardKey);
    if (member === undefined && this.#parts.isOfUsers(marker.shardKey)) this.#parts.onStructure();
    if (member === undefined || member.skips(marker.tick)) return;
    this.#members.hold(member, marker.operation(), marker.tick, groupTick);
  }

  #complete(tick: Tick): void {
    this.#members.complete(tick);
    this.#standing.reached(tick);
    this.#floor.complete(tick);
  }

  #structure(marker: MarkerCursor): void {
    this.#parts.onStructure();
    const member = this.#members.byKey.get(marker.shardKey);
    const reason = structureReason(marker);
    if (member === undefined || reason === undefined || member.skips(marker.tick)) return;
    this.#members.break(member, reason);
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
    if (!(await server.hasVersion(signal))) {
      throw new StreamBroken(
        'version-changed',
        `${server.id} was ArangoDB ${server.version} and is another version now`,
      );
    }
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
    this.#members.breakAll(error);
  }
}

async function repeatedly(
  environment: Environment,
  everyMs: number,
  work: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await environment.sleep(everyMs, signal).catch(() => undefined);
    if (!signal.aborted) work();
  }
}
