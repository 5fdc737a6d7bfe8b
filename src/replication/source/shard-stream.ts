import { type Control, compareTicks, type FrameHeader, type SenderLink, type Tick } from '../queue.ts';
import type { StreamBroken } from './broken.ts';
import { Doorbell } from './doorbell.ts';
import type { Piece } from './operation-buffer.ts';

export type Open = Extract<Control, { kind: 'open' }>;
type Opened = Extract<FrameHeader, { kind: 'opened' }>;
type WithoutPlace<T> = Omit<T, 'kind' | 'channel' | 'stream' | 'seq'>;

const FRAME_OVERHEAD_BYTES = 256;
const NOTHING = new Uint8Array(0);

/**
 * One opening of one channel: numbers its frames (S15), knows how far the receiver is by them, and how many bytes of
 * them are not acknowledged (S7).
 */
export class ShardStream {
  readonly open: Open;
  readonly #link: SenderLink;
  readonly #bell = new Doorbell();
  #seq = 0;
  #unacknowledged: { readonly seq: number; readonly bytes: number }[] = [];
  #unacknowledgedBytes = 0;
  #acknowledgedBytes = 0;
  #position: Tick = '0';
  #durable: Tick | undefined;
  #ended = false;
  #operationsSent = 0;
  #operationBytesSent = 0;
  lastPushAt: number | undefined;

  constructor(open: Open, link: SenderLink) {
    this.open = open;
    this.#link = link;
  }

  get channel(): string {
    return this.open.channel;
  }

  /** Where the receiver is once it has taken all that was sent. */
  get position(): Tick {
    return this.#position;
  }

  /** Checkpointed by the receiver; undefined before its first. */
  get durable(): Tick | undefined {
    return this.#durable;
  }

  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }

  /** Bytes of frames that the receiver has applied, since the stream opened. */
  get acknowledgedBytes(): number {
    return this.#acknowledgedBytes;
  }

  get isOverdrawn(): boolean {
    return this.#unacknowledgedBytes > this.open.credit;
  }

  /** Whether the receiver has been told from which server it is served. */
  get isOpened(): boolean {
    return this.#seq > 0 && !this.#ended;
  }

  /** Nothing was sent yet, and may be. */
  get isUnopened(): boolean {
    return this.#seq === 0 && !this.#ended;
  }

  get operationsSent(): number {
    return this.#operationsSent;
  }

  get operationBytesSent(): number {
    return this.#operationBytesSent;
  }

  opened(header: WithoutPlace<Opened>, now: number): void {
    this.#position = header.from;
    this.#push({ kind: 'opened', ...header, ...this.#place() }, NOTHING, now);
  }

  copy(body: Uint8Array, documents: number, last: boolean, now: number): void {
    this.#push({ kind: 'copy', documents, last, ...this.#place() }, body, now);
  }

  digest(tree: Uint8Array, now: number): void {
    this.#push({ kind: 'digest', ...this.#place() }, tree, now);
  }

  revisions(body: Uint8Array, resume: string | undefined, now: number): void {
    const rest = resume === undefined ? {} : { resume };
    this.#push({ kind: 'revisions', ...rest, ...this.#place() }, body, now);
  }

  operations(piece: Piece, readAt: number): void {
    const { body, operations, to, complete, witnesses } = piece;
    const from = this.#position;
    this.#position = to;
    this.#operationsSent += operations;
    this.#operationBytesSent += body.byteLength;
    this.#push({ kind: 'ops', from, to, complete, operations, witnesses, readAt, ...this.#place() }, body, readAt);
  }

  tree(tick: Tick, count: number, hash: string, now: number): void {
    this.#push({ kind: 'tree', tick, count, hash, ...this.#place() }, NOTHING, now);
  }

  inventory(body: Uint8Array, now: number): void {
    this.#push({ kind: 'inventory', ...this.#place() }, body, now);
  }

  /** The last frame. A link that is gone needs none. */
  broken({ code, message, catchUp, retryAfterMs }: StreamBroken, now: number): void {
    if (this.#ended || this.#link.closed.aborted) return;
    const then = {
      ...(catchUp === undefined ? {} : { catchUp }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
    this.#push({ kind: 'broken', code, reason: message, ...then, ...this.#place() }, NOTHING, now);
    this.#ended = true;
  }

  end(): void {
    this.#ended = true;
  }

  /** A floor frame told the receiver that nothing is left unsent up to `tick`. */
  reachedFloor(tick: Tick): void {
    if (compareTicks(tick, this.#position) > 0) this.#position = tick;
  }

  acknowledge(seq: number, durable: Tick | undefined): void {
    let count = 0;
    for (const frame of this.#unacknowledged) {
      if (frame.seq > seq) break;
      this.#unacknowledgedBytes -= frame.bytes;
      this.#acknowledgedBytes += frame.bytes;
      count += 1;
    }
    this.#unacknowledged.splice(0, count);
    if (durable !== undefined) this.#durable = durable;
    this.#bell.ring();
  }

  /** Resolves when no more than half of the credit is taken and the link has room. */
  async roomy(signal: AbortSignal): Promise<void> {
    while (this.#unacknowledgedBytes > this.open.credit / 2) await this.#bell.wait(signal);
    await this.#link.writable(signal);
  }

  #place(): { readonly channel: string; readonly stream: string; readonly seq: number } {
    this.#seq += 1;
    return { channel: this.open.channel, stream: this.open.stream, seq: this.#seq };
  }

  #push(header: FrameHeader, body: Uint8Array, now: number): void {
    if (this.#ended) throw new Error(`a ${header.kind} frame came after the end of its stream`);
    const bytes = body.byteLength + FRAME_OVERHEAD_BYTES;
    this.#unacknowledged.push({ seq: this.#seq, bytes });
    this.#unacknowledgedBytes += bytes;
    this.lastPushAt = now;
    this.#link.push({ header, body });
  }
}
