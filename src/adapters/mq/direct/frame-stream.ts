import { OVER } from '../../../replication/over.ts';
import type { Cost, Throttle } from '../../../replication/throttle/throttle.ts';
import type { Clock } from '../../../worker/clock.ts';
import { BLOCK_BYTES_MAX, type BlockEncoding, encodeBlock } from '../block-codec.ts';
import { encodeRecord } from '../frame-codec.ts';
import { BEAT_MS } from './limits.ts';
import type { OutgoingFrames } from './outgoing-frames.ts';

export interface FrameStreamOptions {
  readonly frames: OutgoingFrames;
  /** Sequence number of the first frame wanted. */
  readonly from: number;
  readonly encoding: BlockEncoding;
  readonly holdMs: number;
  readonly throttle: Throttle;
  readonly clock: Clock;
  /** Ends the stream: the connection is gone, a newer poll took over, or the link closed. */
  readonly signal: AbortSignal;
}

const BEAT = encodeRecord({ beat: true }, new Uint8Array());
/** A sign of life within a frame, where no beat can be: a block of nothing. */
const NOTHING: readonly Uint8Array[] = [];

/**
 * The answer to one poll: a beat at once, then frames as they are pushed, in blocks, until `holdMs` is over. Frames that
 * are there already leave without waiting for any answer of the other side: latency costs nothing but the first trip.
 */
export async function* frameStream(options: FrameStreamOptions): AsyncGenerator<Uint8Array> {
  const { clock, signal, encoding } = options;
  const endMs = clock.monotonicMs() + options.holdMs;
  const cursor = new Cursor(options.frames, options.from);
  yield await encodeBlock(BEAT, encoding);
  while (!signal.aborted && clock.monotonicMs() < endMs) {
    const raw = cursor.read(options.throttle.pieceBytes(BLOCK_BYTES_MAX));
    if (raw.length > 0) yield* paced(await encodeBlock(raw, encoding), cursor.takeOperations(), options);
    else if (!(await pushedWithin(options, Math.min(BEAT_MS, endMs - clock.monotonicMs())))) {
      yield await encodeBlock(BEAT, encoding);
    }
  }
  // A frame is never left half sent by the clock: the other side would have to ask for all of it again.
  while (!signal.aborted && cursor.withinFrame) {
    const raw = cursor.read(options.throttle.pieceBytes(BLOCK_BYTES_MAX));
    yield* paced(await encodeBlock(raw, encoding), cursor.takeOperations(), options);
  }
}

/** A block when the limit lets it pass, what it is on the wire; until then signs of life. */
async function* paced(
  block: Buffer,
  operations: number,
  { throttle, clock, signal, encoding }: FrameStreamOptions,
): AsyncGenerator<Uint8Array> {
  if (throttle.isLimited) {
    const cost: Cost = { bytes: block.length, operations };
    const passing = throttle.pass(cost, 'log', signal).then(
      () => true,
      () => true,
    );
    while (!(await within(passing, BEAT_MS, clock, signal))) yield await encodeBlock(NOTHING, encoding);
    if (signal.aborted) return;
  }
  yield block;
}

/** True when it was done before the time was over. */
async function within(done: Promise<boolean>, ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const timeUp = clock.sleep(ms, AbortSignal.any([over.signal, signal])).then(
    () => false,
    () => false,
  );
  const outcome = await Promise.race([done, timeUp]);
  over.abort(OVER);
  return outcome;
}

/** True when a frame was pushed (or the stream was ended) before the time was over. */
async function pushedWithin(options: FrameStreamOptions, ms: number): Promise<boolean> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, options.signal]);
  const pushed = options.frames.pushed(signal).then(
    () => true,
    () => options.signal.aborted,
  );
  const timeUp = options.clock.sleep(ms, signal).then(() => options.signal.aborted);
  const outcome = await Promise.race([pushed, timeUp]);
  over.abort(OVER);
  return outcome;
}

/** Walks over the bytes of frames. Keeps the frame it is in, so that an acknowledgement does not pull it away. */
class Cursor {
  readonly #frames: OutgoingFrames;
  #seq: number;
  #rest: Uint8Array[] = [];
  #operations = 0;

  constructor(frames: OutgoingFrames, from: number) {
    this.#frames = frames;
    this.#seq = from;
  }

  get withinFrame(): boolean {
    return this.#rest.length > 0;
  }

  /** Of the frames that were begun since it was asked last. */
  takeOperations(): number {
    const operations = this.#operations;
    this.#operations = 0;
    return operations;
  }

  /** The next bytes, at most `bytesMax`, where they lie; none when there are none yet. A frame may go on in the next call. */
  read(bytesMax: number): readonly Uint8Array[] {
    const taken: Uint8Array[] = [];
    let room = bytesMax;
    while (room > 0) {
      const piece = this.#rest.shift() ?? this.#nextPiece();
      if (piece === undefined) break;
      taken.push(piece.subarray(0, room));
      if (piece.length > room) this.#rest.unshift(piece.subarray(room));
      room -= Math.min(room, piece.length);
    }
    return taken;
  }

  #nextPiece(): Uint8Array | undefined {
    const frame = this.#frames.at(this.#seq);
    if (frame === undefined) return undefined;
    this.#seq += 1;
    this.#operations += frame.operations;
    const [head, body] = frame.pieces;
    this.#rest.push(body);
    return head;
  }
}
