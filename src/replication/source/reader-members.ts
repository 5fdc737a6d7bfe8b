import { compareTicks, type Tick } from '../queue.ts';
import { StreamBroken } from './broken.ts';
import type { SourceLimits } from './limits.ts';
import type { Departure, Member } from './member.ts';
import type { HeldBytes, Piece } from './operation-buffer.ts';

/** What members are handed is sent with this. */
export interface Sending {
  /** When the answer in hand was asked for. */
  readonly readAt: number;
  readonly asOf: number | undefined;
}

export interface ReaderMembersParts {
  /** What all buffers of the worker hold. */
  readonly held: HeldBytes;
  readonly limits: SourceLimits;
  readonly sending: () => Sending;
  /** Up to where everything was handed over; undefined while nothing is read. */
  readonly position: () => Tick | undefined;
  /** Somebody came or left. */
  readonly onChange: () => void;
}

/**
 * The shards that read a log together, and what each of them still holds of it: operations wait in a member's buffer until
 * there is a frame of them, until their transaction ends, or until too much is held in all.
 */
export class ReaderMembers {
  readonly #parts: ReaderMembersParts;
  readonly #byKey = new Map<string, Member>();
  readonly #waiting = new Set<Member>();
  /** With operations of the transaction being read. */
  readonly #inGroup = new Set<Member>();
  /** With operations, or ends of transactions, of the answer in hand. */
  readonly #touched = new Set<Member>();

  constructor(parts: ReaderMembersParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0 && this.#waiting.size === 0;
  }

  /** Those who are let in, by the key that markers name their shard with. */
  get byKey(): ReadonlyMap<string, Member> {
    return this.#byKey;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Where those who wait stand, the lowest first. */
  get wishes(): readonly Tick[] {
    return [...this.#waiting].map(({ options }) => options.at).sort(compareTicks);
  }

  /** Whether the answer in hand had something for anybody. */
  get hasTouched(): boolean {
    return this.#touched.size > 0;
  }

  wait(member: Member): void {
    this.#waiting.add(member);
    this.#parts.onChange();
  }

  /** Lets in who waits; between two transactions only. */
  admit(at: Tick, readerIncarnation: number): void {
    for (const member of this.#waiting) {
      this.#waiting.delete(member);
      const { key, incarnation } = member.options;
      if (incarnation !== readerIncarnation) {
        member.break(new StreamBroken('log-replaced', 'the server restarted while the stream opened'));
        continue;
      }
      const before = this.#byKey.get(key);
      if (before !== undefined) this.leave(before, 'asked');
      this.#byKey.set(key, member);
      member.enter(at);
    }
  }

  leave(member: Member, why: Departure): void {
    this.#waiting.delete(member);
    if (this.#byKey.get(member.options.key) === member) this.#byKey.delete(member.options.key);
    this.#inGroup.delete(member);
    this.#touched.delete(member);
    member.options.buffer.clear();
    if (member.state !== 'gone') member.leave(why, this.#parts.position() ?? '0');
    this.#parts.onChange();
  }

  break(member: Member, error: StreamBroken): void {
    member.break(error);
    this.leave(member, 'asked');
  }

  /** What was read of an answer, or of a transaction, is nobody's any more. */
  breakAll(error: StreamBroken): void {
    this.#inGroup.clear();
    this.#touched.clear();
    for (const member of [...this.#byKey.values(), ...this.#waiting]) this.break(member, error);
  }

  /** An operation for a member, as frames carry it; who would hold too much while it joins has to leave. */
  hold(member: Member, operation: Buffer, tick: Tick, groupTick: Tick): void {
    const { held, limits } = this.#parts;
    const { buffer } = member.options;
    buffer.add(operation, tick, groupTick);
    this.#inGroup.add(member);
    this.#touched.add(member);
    if (member.state === 'buffering') {
      if (buffer.bytes > limits.joinBufferBytes || held.bytes > limits.heldBytes) this.leave(member, 'overflow');
    } else if (buffer.bytes >= limits.frameBytes || buffer.operations >= limits.frameOperations) {
      this.#send(member, buffer.takeUnfinished());
    }
  }

  /** The transaction that ends at `tick` is over. */
  complete(tick: Tick): void {
    for (const member of this.#inGroup) {
      member.options.buffer.markComplete(tick);
      // Its part of the transaction may have gone out with earlier answers: it has to hear of the end before a floor.
      this.#touched.add(member);
    }
    this.#inGroup.clear();
  }

  /** The answer in hand ends: what is finished is sent, and what would be too much to hold. */
  answerEnds(): void {
    for (const member of this.#touched) this.flush(member);
    this.#touched.clear();
    this.#holdLess();
  }

  /** Sends what is finished, and takes what is held out of the answer it came with. */
  flush(member: Member): void {
    const { buffer } = member.options;
    if (member.state === 'live') this.#send(member, buffer.takeComplete());
    buffer.settle();
  }

  /** A transaction over many shards must not be held for each of them until it ends: it goes on its way as it is. */
  #holdLess(): void {
    const { held, limits } = this.#parts;
    if (held.bytes <= limits.heldBytes) return;
    for (const member of this.#inGroup) {
      if (member.state === 'live') this.#send(member, member.options.buffer.takeUnfinished());
    }
  }

  #send({ options }: Member, piece: Piece | undefined): void {
    if (piece === undefined) return;
    const { readAt, asOf } = this.#parts.sending();
    options.stream.operations(piece, readAt, asOf);
  }
}
