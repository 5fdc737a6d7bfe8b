import type { Control, Frame, FrameHeader } from '../queue.ts';
import type { TargetLimits } from './environment.ts';
import { ReopenStream } from './failures.ts';
import type { FloorFrame, FloorGroup, FloorMark } from './floor-group.ts';

/** What a frame costs in memory beside its body. */
const FRAME_OVERHEAD_BYTES = 512;
/** What an operation or a document costs beside its bytes while it is applied: a million tiny ones are not tiny. */
const OPERATION_OVERHEAD_BYTES = 512;

/** A sender may pass on what it has read already when a stream's credit is taken: so many times the credit in all. */
const OVERDRAFT = 2;

/** Headers that belong to a channel. */
export type ChannelHeader = Exclude<FrameHeader, { kind: 'floor' | 'queued' }>;

export interface Arrival {
  readonly header: ChannelHeader;
  readonly body: Uint8Array;
  /** The newest floor that came before this frame and after the one before it. */
  readonly floorBefore: FloorMark | undefined;
  /** Memory that it takes. */
  readonly bytes: number;
}

/**
 * Frames of one stream that came and are not applied. Bounded by the stream's credit: a sender that goes far
 * beyond it is cut off. Refuses, at once, any frame that is not the next of its stream (S15).
 */
export class Inbox {
  readonly channel: string;
  readonly stream: string;
  readonly #creditBytes: number;
  /** When it was opened, or when the sender last said that it waits for its turn. */
  #askedAt: number;
  readonly #onFreed: (bytes: number) => void;
  #arrivals: Arrival[] = [];
  /** Memory of what waits or is being applied. */
  #bytes = 0;
  /** What the sender has counted for frames that wait. */
  #creditTaken = 0;
  #received = 0;
  #applied = 0;
  #floor: FloorMark | undefined;
  #sender: { readonly dbServer: string; readonly serverId: string } | undefined;
  #streaming = false;
  #isCopy = false;
  #lastMessageAt: number | undefined;
  /** When it was seen last that frames of it wait to be applied, or that the sender lets it wait. */
  #busyAt = -Infinity;
  #ended: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(
    { channel, stream, credit }: Extract<Control, { kind: 'open' }>,
    openedAt: number,
    onFreed: (bytes: number) => void,
  ) {
    this.channel = channel;
    this.stream = stream;
    this.#creditBytes = credit;
    this.#askedAt = openedAt;
    this.#onFreed = onFreed;
  }

  /** What the sender may have under way unacknowledged. */
  get creditBytes(): number {
    return this.#creditBytes;
  }

  /** Wall clock of the last frame or floor, ms. */
  get lastMessageAt(): number | undefined {
    return this.#lastMessageAt;
  }

  /** Why the stream has to be opened again because of silence; undefined while there is no reason. */
  silence(now: number, limits: Pick<TargetLimits, 'openTimeoutMs' | 'messageTimeoutMs'>): string | undefined {
    const { openTimeoutMs, messageTimeoutMs } = limits;
    if (this.#lastMessageAt === undefined) {
      return now - this.#askedAt > openTimeoutMs ? `the source did not answer within ${openTimeoutMs} ms` : undefined;
    }
    // Whose frames wait for the target is not silent: it would be asked for what it has sent already.
    if (this.#bytes > 0) this.#busyAt = now;
    const isSilent = now - Math.max(this.#lastMessageAt, this.#busyAt) > messageTimeoutMs;
    return isSilent ? `no message from the source for ${messageTimeoutMs} ms` : undefined;
  }

  get bufferedBytes(): number {
    return this.#bytes;
  }

  /** The floor that the shard stands on now: nothing that came before it is left to apply. */
  get floorReached(): FloorMark | undefined {
    return this.#floor !== undefined && this.#applied >= this.#floor.afterFrames ? this.#floor : undefined;
  }

  /** Takes a frame that the link brought; returns what it costs. */
  accept(frame: Frame & { readonly header: ChannelHeader }, now: number): number {
    if (this.#ended !== undefined) return 0;
    const { header, body } = frame;
    if (header.seq !== this.#received + 1) {
      this.end(new ReopenStream(`frame ${header.seq} came where frame ${this.#received + 1} was expected`));
      return 0;
    }
    if (this.#creditTaken > this.#creditBytes * OVERDRAFT) {
      this.end(new ReopenStream(`the sender went beyond its credit of ${this.#creditBytes} bytes`));
      return 0;
    }
    const bytes = body.byteLength + FRAME_OVERHEAD_BYTES + operationsIn(header) * OPERATION_OVERHEAD_BYTES;
    this.#creditTaken += body.byteLength;
    this.#received += 1;
    this.#lastMessageAt = now;
    this.#arrivals.push({ header, body, floorBefore: this.#floor, bytes });
    this.#floor = undefined;
    this.#bytes += bytes;
    this.#follow(header);
    this.#wake?.();
    return bytes;
  }

  /** Whether a floor of this server speaks for this stream when it does not except its channel. */
  isOn(dbServer: string, serverId: string): boolean {
    return this.#streaming && this.#sender?.dbServer === dbServer && this.#sender.serverId === serverId;
  }

  /** It is caught up with, and the sender was told: from now on floors speak for it. */
  caughtUp(): void {
    this.#streaming = true;
  }

  /** Until all that it is caught up with has come. */
  get isCatchingUp(): boolean {
    return !this.#streaming;
  }

  /** The sender knows of it, and lets it wait. */
  noteQueued(now: number): void {
    this.#askedAt = now;
    this.#busyAt = now;
  }

  /** A floor that covers this stream came, behind all frames so far. */
  noteFloor(group: FloorGroup, frame: FloorFrame, now: number): void {
    this.#lastMessageAt = now;
    const { tick, witnesses, asOf, readBytes } = frame;
    this.#floor = { group, tick, witnesses, asOf, readBytes, afterFrames: this.#received };
  }

  /** Everything that waits, once something does. Rejects when the stream has ended or the signal fires. */
  async take(signal: AbortSignal): Promise<readonly Arrival[]> {
    while (this.#arrivals.length === 0) {
      signal.throwIfAborted();
      if (this.#ended !== undefined) throw this.#ended;
      await this.#arrival(signal);
    }
    if (this.#ended !== undefined) throw this.#ended;
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    return arrivals;
  }

  /** Frames that {@link take} gave are applied: their memory is free again. */
  applied(arrivals: readonly Arrival[]): void {
    this.#applied += arrivals.length;
    for (const { body } of arrivals) this.#creditTaken -= body.byteLength;
    this.#free(arrivals.reduce((sum, { bytes }) => sum + bytes, 0));
  }

  /** Ends the stream: what waits is dropped, and whoever takes gets `reason`. */
  end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#arrivals = [];
    this.#free(this.#bytes);
    this.#wake?.();
  }

  #free(bytes: number): void {
    const freed = Math.min(bytes, this.#bytes);
    this.#bytes -= freed;
    if (freed > 0) this.#onFreed(freed);
  }

  #follow(header: ChannelHeader): void {
    if (header.kind === 'opened') {
      this.#sender = { dbServer: header.dbServer, serverId: header.serverId };
      this.#streaming = header.way === 'tail';
      this.#isCopy = header.way === 'copy';
    } else if (header.kind === 'copy' && header.last && this.#isCopy) {
      this.#streaming = true;
    }
  }

  async #arrival(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
    this.#wake = undefined;
  }
}

function operationsIn(header: ChannelHeader): number {
  if (header.kind === 'ops') return header.operations;
  return header.kind === 'copy' ? header.documents : 0;
}
