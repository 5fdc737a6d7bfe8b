import { documentIdentity } from '../markers.ts';
import { compareTicks, type Tick, type Witness } from '../queue.ts';

/** Operations of one shard that go out in one frame. */
export interface Piece {
  readonly body: Buffer;
  readonly operations: number;
  /** The last transaction in it ends at or before this tick; inside a transaction: its last operation. */
  readonly to: Tick;
  readonly complete: boolean;
  readonly witnesses: readonly Witness[];
}

/** A line from here on is passed on as it lies in its answer, which is not much more than it. */
const UNCOPIED_BYTES = 8 * 1024 * 1024;

interface Entry {
  readonly line: Buffer;
  readonly tick: Tick;
  readonly groupTick: Tick;
}

/** Bytes that all buffers of a worker hold. */
export interface HeldBytes {
  bytes: number;
}

/** Whether the receiver of a stream is inside a transaction that was cut: both of a shard's buffers go on from there. */
export interface Cut {
  isOpen: boolean;
}

/**
 * Operations of one shard on their way into frames, in log order. A frame ends where a transaction ends, so that the
 * receiver may store its position; only a transaction that is larger than a frame is cut.
 */
export class OperationBuffer {
  readonly #cuid: string;
  #entries: Entry[] = [];
  #bytes = 0;
  /** Of the entries, those of finished transactions; where the last of these ends. */
  #completeCount = 0;
  #completeTick: Tick = '0';
  readonly #cut: Cut;
  readonly #held: HeldBytes;
  /** The end of a cut transaction has to be told even when nothing is left of it. */
  #cutHasEnded = false;
  #settledCount = 0;

  constructor(cuid: string, cut: Cut, held: HeldBytes) {
    this.#cuid = cuid;
    this.#cut = cut;
    this.#held = held;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get operations(): number {
    return this.#entries.length;
  }

  /** The line may be a view into an answer: {@link settle} before the answer is let go. */
  add(line: Buffer, tick: Tick, groupTick: Tick): void {
    this.#entries.push({ line, tick, groupTick });
    this.#count(line.length);
  }

  markComplete(tick: Tick): void {
    this.#completeCount = this.#entries.length;
    this.#completeTick = tick;
    this.#cutHasEnded = this.#cut.isOpen;
  }

  /** What belongs to finished transactions; undefined when there is nothing to tell. */
  takeComplete(): Piece | undefined {
    if (this.#completeCount === 0 && !(this.#cut.isOpen && this.#cutHasEnded)) return undefined;
    this.#cut.isOpen = false;
    this.#cutHasEnded = false;
    return this.#take(this.#completeCount, this.#completeTick, true);
  }

  /** What is finished, or if nothing is: everything, although its transaction goes on. */
  takeUnfinished(): Piece | undefined {
    const last = this.#entries.at(-1);
    if (last === undefined || this.#completeCount > 0) return this.takeComplete();
    this.#cut.isOpen = true;
    this.#cutHasEnded = false;
    return this.#take(this.#entries.length, last.tick, false);
  }

  /** Forgets operations up to a tick: they were sent another way. */
  dropUpTo(tick: Tick): void {
    const kept = this.#entries.filter((entry) => compareTicks(entry.tick, tick) > 0);
    const dropped = this.#entries.length - kept.length;
    this.#entries = kept;
    this.#count(kept.reduce((sum, { line }) => sum + line.length, 0) - this.#bytes);
    this.#completeCount = Math.max(0, this.#completeCount - dropped);
    this.#settledCount = Math.max(0, this.#settledCount - dropped);
  }

  /** Forgets what was not sent. Whether a cut transaction is open stays known. */
  clear(): void {
    this.#entries = [];
    this.#count(-this.#bytes);
    this.#completeCount = 0;
    this.#settledCount = 0;
    this.#cutHasEnded = false;
  }

  /** Copies what is held, so that it does not hold whole answers. */
  settle(): void {
    for (let index = this.#settledCount; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry !== undefined) this.#entries[index] = { ...entry, line: Buffer.from(entry.line) };
    }
    this.#settledCount = this.#entries.length;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#held.bytes += bytes;
  }

  #take(count: number, to: Tick, complete: boolean): Piece {
    const taken = this.#entries.splice(0, count);
    const [first] = taken;
    // A large document came alone, or nearly so: a copy would only take as much again.
    const isAlone = taken.length === 1 && first !== undefined && first.line.length >= UNCOPIED_BYTES;
    const body = isAlone ? first.line : Buffer.concat(taken.map(({ line }) => line));
    this.#count(-body.length);
    this.#completeCount = Math.max(0, this.#completeCount - count);
    this.#settledCount = Math.max(0, this.#settledCount - count);
    return { body, operations: count, to, complete, witnesses: complete ? this.#witnessOf(taken) : [] };
  }

  /** First operation of the last transaction: read back soonest, and in the log if any of its transaction is. */
  #witnessOf(taken: readonly Entry[]): readonly Witness[] {
    const last = taken.at(-1);
    const first = taken.find(({ groupTick }) => groupTick === last?.groupTick);
    return first === undefined ? [] : [witnessOf(first.line, first.tick, first.groupTick, this.#cuid)];
  }
}

/** An operation's line as a witness. The revision of a removal differs by version: it proves nothing (reference 6.5). */
export function witnessOf(line: Buffer, tick: Tick, groupTick: Tick, cuid: string): Witness {
  const { key, rev } = documentIdentity(line.subarray(1));
  const isRemoval = line[0] === 0x2d;
  return { groupTick, tick, cuid, key, rev: isRemoval ? '' : rev };
}
