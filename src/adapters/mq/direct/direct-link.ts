import { OVER } from '../../../replication/over.ts';
import type { Control, Frame, FrameHeader, ReceiverLink } from '../../../replication/queue.ts';
import {
  LinkControlsTaken,
  LinkOpened,
  type LinkPoll,
  LinkRecordHeader,
  linkTimeHeader,
} from '../../../wire/queue-link.ts';
import type { Clock } from '../../../worker/clock.ts';
import { decodeBlocks, TruncatedBlock } from '../block-codec.ts';
import { type RawRecord, RecordDecoder } from '../frame-codec.ts';
import { ArrivedFrames } from './arrived-frames.ts';
import { Attempts } from './attempts.ts';
import { ClockOffset } from './clock-offset.ts';
import {
  ACK_BYTES,
  ACK_DELAY_MS,
  ACK_PACE_MS,
  FAREWELL_MS_MAX,
  FIRST_POLL_HOLD_MS,
  KEEP_ALIVE_MS,
  NEAR_MS,
  POLL_HOLD_MS_MAX,
  RETRY_MS_MAX,
} from './limits.ts';
import { LinkClosed } from './link-closed.ts';
import { type RemoteAnswer, type RemoteHttp, RemoteRefused, RemoteUnavailable } from './remote-http.ts';
import { UnsentControls } from './unsent-controls.ts';

/** Whether the blocks of a link are packed; `auto`: unless the other side is near and its throttle has no limit. */
export type LinkPacking = 'auto' | 'always' | 'never';

export interface DirectLinkOptions {
  readonly http: RemoteHttp;
  /** Path of the link at the remote, `…/link/{session}`. */
  readonly path: string;
  readonly clock: Clock;
  /** No answer for so long ends the link. */
  readonly giveUpMs?: number;
  /** How long each poll is held. Default: short while the link is young, then {@link POLL_HOLD_MS_MAX}. */
  readonly holdMs?: number;
  /** Default: `auto`. */
  readonly packing?: LinkPacking;
  /** Told about each failed attempt; the link itself goes on until it gives up. */
  readonly onTrouble?: (error: unknown) => void;
}

/**
 * The target worker's end of a link. Two loops: one reads the stream of frames and asks for it again from the next
 * frame wanted whenever it ends; the other brings controls and acknowledgements away, one request at a time, each
 * repeated until it is answered. Every frame comes out exactly once and in order, whatever the connections do (S15).
 */
export class DirectLink implements ReceiverLink {
  readonly #options: DirectLinkOptions;
  readonly #arrived = new ArrivedFrames();
  readonly #unsent = new UnsentControls();
  readonly #offset = new ClockOffset();
  readonly #closing = new AbortController();
  #nextFrame = 1;
  #acknowledged = 0;
  #unacknowledgedBytes = 0;
  #wakeControls: (() => void) | undefined;
  /** For how long it waits at the moment before it says something. */
  #patienceMs = 0;
  #polls = 0;
  #finished: Promise<void> = Promise.resolve();

  private constructor(options: DirectLinkOptions) {
    this.#options = options;
  }

  /** Opens the link at the source worker. Throws what refused it, or the last failure when it gives up. */
  static async open(options: DirectLinkOptions, signal: AbortSignal): Promise<DirectLink> {
    const link = new DirectLink(options);
    await link.#untilDone(signal, async () => LinkOpened.parse(await link.#json('PUT', '', undefined, signal)));
    link.#finished = link.#run();
    return link;
  }

  get frames(): AsyncIterable<Frame> {
    return this.#arrived;
  }

  get clockOffsetMs(): number | undefined {
    return this.#offset.offsetMs;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves when the link has closed and said so to the other side. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** On a closed link it does nothing: `closed` has told, and the channels are opened anew elsewhere. */
  send(control: Control): void {
    if (this.closed.aborted) return;
    try {
      this.#unsent.add(control);
    } catch (error) {
      this.#fail(error);
    }
    this.#hurry();
  }

  close(): void {
    this.#end(new LinkClosed('the link was closed here'), false);
  }

  async #run(): Promise<void> {
    await Promise.all([this.#loop((alive) => this.#poll(alive)), this.#loop(() => this.#bringControls())]);
    await this.#sayFarewell();
  }

  /** Repeats a step until the link closes; a failure that no repetition can mend closes it. */
  async #loop(step: (alive: () => void) => Promise<void>): Promise<void> {
    try {
      const attempts = this.#attempts();
      while (!this.closed.aborted) await this.#attempt(attempts, this.closed, step);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #untilDone<T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> {
    const attempts = this.#attempts();
    for (;;) {
      signal.throwIfAborted();
      const outcome = await this.#attempt(attempts, signal, step);
      if (outcome !== undefined) return outcome;
    }
  }

  #attempts(): Attempts {
    return new Attempts(this.#options.clock, this.#options.giveUpMs ?? RETRY_MS_MAX);
  }

  async #attempt<T>(attempts: Attempts, signal: AbortSignal, step: (alive: () => void) => Promise<T>) {
    try {
      const outcome = await step(() => attempts.succeeded());
      attempts.succeeded();
      return outcome;
    } catch (error) {
      signal.throwIfAborted();
      if (!mendable(error)) throw error;
      this.#options.onTrouble?.(error);
      await attempts.failed(error, signal);
      return undefined;
    }
  }

  async #poll(alive: () => void): Promise<void> {
    const { http, path } = this.#options;
    this.#polls += 1;
    const from = this.#nextFrame;
    const holdMs = this.#options.holdMs ?? Math.min(FIRST_POLL_HOLD_MS * 2 ** (this.#polls - 1), POLL_HOLD_MS_MAX);
    const body = JSON.stringify({ poll: this.#polls, from, holdMs } satisfies LinkPoll);
    const answer = await this.#timed(() =>
      http.request({ method: 'POST', path: `${path}/poll`, body, ...this.#accepted(), signal: this.closed }),
    );
    this.#acknowledged = Math.max(this.#acknowledged, from - 1);
    const records = new RecordDecoder();
    let ended = 'before anything came';
    for await (const raw of decodeBlocks(answer.body)) {
      alive();
      for (const record of records.push(raw)) await this.#take(record);
      ended = records.atBoundary ? '' : 'within a frame';
    }
    if (ended !== '') throw new RemoteUnavailable(`the stream of frames ended ${ended}`);
  }

  /** What is told of the packing of blocks: the default, which packs, unless it is not worth it. */
  #accepted(): { readonly acceptEncoding?: string } {
    const { packing = 'auto' } = this.#options;
    if (packing === 'never') return { acceptEncoding: 'identity' };
    const isNear = (this.#offset.shortestTripMs ?? Infinity) < NEAR_MS;
    return packing === 'auto' && isNear ? { acceptEncoding: 'identity, zstd;q=0.5, gzip;q=0.5' } : {};
  }

  async #take(record: RawRecord): Promise<void> {
    const header = LinkRecordHeader.parse(record.header);
    if ('beat' in header) return;
    if (header.seq !== this.#nextFrame) {
      throw new LinkClosed(`frame ${header.seq} came where frame ${this.#nextFrame} was wanted`);
    }
    this.#nextFrame += 1;
    this.#unacknowledgedBytes += record.body.length;
    this.#hurry();
    const frame: FrameHeader = header.frame;
    await this.#arrived.put({ header: frame, body: record.body });
  }

  async #bringControls(): Promise<void> {
    await this.#somethingToSay();
    if (this.closed.aborted) return;
    const ack = this.#nextFrame - 1;
    const acknowledgedBytes = this.#unacknowledgedBytes;
    const { body, end } = this.#unsent.batch(ack);
    const { next } = LinkControlsTaken.parse(await this.#json('POST', '/control', body, this.closed));
    this.#acknowledged = Math.max(this.#acknowledged, ack);
    this.#unacknowledgedBytes -= acknowledgedBytes;
    this.#unsent.taken(next);
    if (next < end) throw new RemoteUnavailable('the source worker has no room for more controls yet');
  }

  /** Waits for a control, for enough to acknowledge, or for the time to say that we live. */
  async #somethingToSay(): Promise<void> {
    const { clock } = this.#options;
    const begunMs = clock.monotonicMs();
    while (!this.closed.aborted) {
      this.#patienceMs = this.#owedWithinMs;
      const restMs = begunMs + this.#patienceMs - clock.monotonicMs();
      if (restMs <= 0) return;
      await this.#wokenWithin(restMs);
    }
  }

  /** How long what there is to say may wait behind the request before. */
  get #owedWithinMs(): number {
    if (this.#unsent.isPressing || this.#unacknowledgedBytes >= ACK_BYTES) return 0;
    if (!this.#unsent.empty) return ACK_PACE_MS;
    return this.#nextFrame - 1 > this.#acknowledged ? ACK_DELAY_MS : KEEP_ALIVE_MS;
  }

  /** Wakes who waits to say something, when it is due sooner than was thought. */
  #hurry(): void {
    if (this.#owedWithinMs < this.#patienceMs) this.#wakeControls?.();
  }

  async #wokenWithin(ms: number): Promise<void> {
    const woken = new AbortController();
    this.#wakeControls = () => woken.abort(OVER);
    await this.#options.clock.sleep(ms, AbortSignal.any([woken.signal, this.closed]));
    woken.abort(OVER);
    this.#wakeControls = undefined;
  }

  async #json(method: 'PUT' | 'POST' | 'DELETE', suffix: string, body: string | undefined, signal: AbortSignal) {
    const path = `${this.#options.path}${suffix}`;
    const request = body === undefined ? { method, path, signal } : { method, path, body, signal };
    const { value } = await this.#timed(() => this.#options.http.json(request));
    return value;
  }

  /** Makes a round trip, and learns the other side's clock from it. */
  async #timed<T extends { readonly headers: RemoteAnswer['headers'] }>(trip: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const sentMs = clock.wallMs();
    const answer = await trip();
    const theirs = answer.headers[linkTimeHeader];
    if (typeof theirs === 'string') this.#offset.add(sentMs, clock.wallMs(), Number(theirs));
    return answer;
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#end(error instanceof LinkClosed ? error : new LinkClosed(reason, { cause: error }), true);
  }

  #end(reason: LinkClosed, failed: boolean): void {
    if (this.closed.aborted) return;
    this.#closing.abort(reason);
    this.#arrived.end(failed ? reason : undefined);
  }

  async #sayFarewell(): Promise<void> {
    const signal = AbortSignal.timeout(FAREWELL_MS_MAX);
    // Unanswered, the other side's idle limit ends the link.
    await this.#json('DELETE', '', undefined, signal).catch(() => undefined);
  }
}

/** Whether asking again can help: the network, a busy or missing process, a stream that a newer poll took over. */
function mendable(error: unknown): boolean {
  if (error instanceof RemoteRefused) return error.status === 409;
  return error instanceof RemoteUnavailable || error instanceof TruncatedBlock;
}
