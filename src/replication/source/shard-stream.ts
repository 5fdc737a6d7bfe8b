import { type Control, compareTicks, type FrameHeader, type LogEnd, type SenderLink, type Tick } from '../queue.ts';
import type { Urgency } from '../throttle/throttle.ts';
import type { StreamBroken } from './broken.ts';
import { Doorbell } from './doorbell.ts';
import type { Piece } from './operation-buffer.ts';
import type { Admit, ReadRoom } from './read-room.ts';

export type Open = Extract<Control, { kind: 'open' }>;
type Opened = Extract<FrameHeader, { kind: 'opened' }>;
type Contents = Extract<FrameHeader, { kind: 'contents' }>;
type WithoutPlace<T> = Omit<T, 'kind' | 'channel' | 'stream' | 'seq'>;

const FRAME_OVERHEAD_BYTES = 256;
const NO_ROOM = 'the link has no room for more';
const NOTHING = new Uint8Array(0);
const NEWLINE = Buffer.from('\n');

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
  /** Why nothing more of it is sent at this moment, when a limit is the reason. */
  heldBecause: string | undefined;

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

  found(documents: readonly Buffer[], now: number): void {
    const body = Buffer.concat(documents.flatMap((document) => [document, NEWLINE]));
    this.#push({ kind: 'found', ...this.#place() }, body, now);
  }

  absent(keys: readonly string[], now: number): void {
    this.#push({ kind: 'absent', ...this.#place() }, Buffer.from(JSON.stringify(keys)), now);
  }

  revisions(body: Uint8Array, resume: string | undefined, now: number): void {
    const rest = resume === undefined ? {} : { resume };
    this.#push({ kind: 'revisions', ...rest, ...this.#place() }, body, now);
  }

  /** `asOf`: once they are applied, everything is that the source had acknowledged before; undefined when not known. */
  operations(piece: Piece, now: number, asOf: number | undefined): void {
    const { body, operations, to, complete, witnesses } = piece;
    const from = this.#position;
    this.#position = to;
    this.#operationsSent += operations;
    this.#operationBytesSent += body.byteLength;
    const known = asOf === undefined ? {} : { asOf };
    this.#push({ kind: 'ops', from, to, complete, operations, witnesses, ...known, ...this.#place() }, body, now);
  }

  tree(tick: Tick, count: number, hash: string, now: number): void {
    this.#push({ kind: 'tree', tick, count, hash, ...this.#place() }, NOTHING, now);
  }

  indexes(body: Uint8Array, now: number): void {
    this.#push({ kind: 'indexes', ...this.#place() }, body, now);
  }

  contents(contents: WithoutPlace<Contents>, body: Uint8Array, now: number): void {
    this.#push({ kind: 'contents', ...contents, ...this.#place() }, body, now);
  }

  scanned(piece: number, last: boolean, body: Uint8Array, now: number): void {
    this.#push({ kind: 'scanned', piece, last, ...this.#place() }, body, now);
  }

  looked(ends: readonly LogEnd[], body: Uint8Array, now: number): void {
    this.#push({ kind: 'looked', ends, ...this.#place() }, body, now);
  }

  untold(reason: string, now: number): void {
    this.#push({ kind: 'untold', reason, ...this.#place() }, NOTHING, now);
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

  /** Resolves when no more than half of the credit is taken. */
  async credited(signal: AbortSignal): Promise<void> {
    while (this.#unacknowledgedBytes > this.open.credit / 2) await this.#bell.wait(signal);
  }

  /** Resolves when no more than half of the credit is taken and the link has room. */
  async roomy(urgency: Urgency, signal: AbortSignal): Promise<void> {
    await this.credited(signal);
    await this.held(NO_ROOM, () => this.#link.writable(signal, urgency));
  }

  /** Reads once the link has room for about `bytes`, and for what comes when that is more. */
  inRoom<T>(room: ReadRoom, bytes: number, signal: AbortSignal, read: (admit: Admit) => Promise<T>): Promise<T> {
    return this.held(NO_ROOM, (over) =>
      room.within({ bytes }, signal, (admit) => {
        over();
        return read((size) => this.held(NO_ROOM, () => admit(size)));
      }),
    );
  }

  /** Waits until `wait` resolves or calls `over`; {@link heldBecause} tells why meanwhile. */
  async held<T>(reason: string, wait: (over: () => void) => Promise<T>): Promise<T> {
    const over = () => {
      this.heldBecause = undefined;
    };
    this.heldBecause = reason;
    try {
      return await wait(over);
    } finally {
      over();
    }
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
