import type { Control, Frame, SenderLink } from '../../../replication/queue.ts';
import type { Throttle, Urgency } from '../../../replication/throttle/throttle.ts';
import type { LinkPoll } from '../../../wire/queue-link.ts';
import type { Clock } from '../../../worker/clock.ts';
import { chooseEncoding } from '../block-codec.ts';
import { frameStream } from './frame-stream.ts';
import { IncomingControls } from './incoming-controls.ts';
import { POLL_HOLD_MS_MAX } from './limits.ts';
import { LinkClosed } from './link-closed.ts';
import { OutgoingFrames } from './outgoing-frames.ts';

/** A poll that came after a newer one of its session: its stream belongs to that one. */
export class PollSuperseded extends Error {
  override readonly name = 'PollSuperseded';
}

export interface SenderSessionOptions {
  readonly id: string;
  readonly targetId: string;
  readonly bytesMax: () => number;
  /** Of what leaves over all links of the worker. */
  readonly throttle: Throttle;
  readonly clock: Clock;
}

/**
 * The source worker's end of one link. Frames and controls keep their place by numbers, not by connections: any request
 * may be cut or asked twice, and neither loses nor repeats anything (S15). When a number cannot be served the link
 * closes, both engines learn it, and the channels are opened again.
 */
export class SenderSession implements SenderLink {
  readonly id: string;
  readonly targetId: string;
  readonly #frames: OutgoingFrames;
  readonly #controls = new IncomingControls();
  readonly #closing = new AbortController();
  readonly #throttle: Throttle;
  readonly #clock: Clock;
  #newestPoll = 0;
  #streaming: AbortController | undefined;
  #activeMs: number;

  constructor(options: SenderSessionOptions) {
    this.id = options.id;
    this.targetId = options.targetId;
    this.#throttle = options.throttle;
    this.#clock = options.clock;
    this.#frames = new OutgoingFrames(options.bytesMax);
    this.#activeMs = options.clock.monotonicMs();
  }

  get bufferedBytes(): number {
    return this.#frames.bytes;
  }

  get controls(): AsyncIterable<Control> {
    return this.#controls;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  push(frame: Frame): void {
    this.closed.throwIfAborted();
    this.#frames.push(frame);
  }

  writable(signal: AbortSignal, urgency: Urgency = 'log'): Promise<void> {
    return this.#frames.writable(AbortSignal.any([signal, this.closed]), urgency);
  }

  /** How long nobody has asked about this link. */
  get idleMs(): number {
    return this.#clock.monotonicMs() - this.#activeMs;
  }

  touch(): void {
    this.#activeMs = this.#clock.monotonicMs();
  }

  /** Starts the stream that answers a poll; it replaces the one before. Throws {@link PollSuperseded} for an old poll. */
  poll(request: LinkPoll, acceptEncoding: string | undefined, gone: AbortSignal): AsyncGenerator<Uint8Array> {
    this.closed.throwIfAborted();
    if (request.poll <= this.#newestPoll) {
      throw new PollSuperseded(`poll ${request.poll} came after poll ${this.#newestPoll}`);
    }
    this.#assertServable(request.from);
    this.#newestPoll = request.poll;
    this.#frames.acknowledge(request.from - 1);
    this.#streaming?.abort();
    this.#streaming = new AbortController();
    return frameStream({
      frames: this.#frames,
      from: request.from,
      encoding: chooseEncoding(acceptEncoding, this.#throttle.isLimited),
      holdMs: Math.min(request.holdMs, POLL_HOLD_MS_MAX),
      throttle: this.#throttle,
      clock: this.#clock,
      signal: AbortSignal.any([this.#streaming.signal, this.closed, gone]),
    });
  }

  /** Takes controls and an acknowledgement; returns the number of the next control wanted. */
  takeControls(from: number, controls: readonly Control[], ack: number): number {
    this.closed.throwIfAborted();
    try {
      this.#frames.acknowledge(ack);
      return this.#controls.take(from, controls);
    } catch (error) {
      throw this.#closeWith(error instanceof Error ? error.message : String(error));
    }
  }

  close(reason: string): void {
    this.#closeWith(reason);
  }

  #assertServable(from: number): void {
    const { firstHeld, next } = this.#frames;
    if (from < firstHeld) throw this.#closeWith(`frame ${from} is asked for and was acknowledged before`);
    if (from > next) throw this.#closeWith(`frame ${from} is asked for, the next one is ${next}`);
  }

  #closeWith(reason: string): LinkClosed {
    const closed = new LinkClosed(`link ${this.id} closed: ${reason}`);
    if (!this.closed.aborted) this.#closing.abort(closed);
    this.#controls.end();
    return closed;
  }
}
