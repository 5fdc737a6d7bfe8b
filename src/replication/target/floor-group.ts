import type { FrameHeader, Tick, Witness } from '../queue.ts';

export type FloorFrame = Extract<FrameHeader, { kind: 'floor' }>;

/**
 * The floor of one source server as one link tells it: every channel of that server on the link that a floor frame does
 * not except is applied up to its tick once the frames before it are.
 */
export class FloorGroup {
  /** Key of its document in `_sync_checkpoints`: new with every link, so nobody else ever moves it. */
  readonly key: string;
  readonly dbServer: string;
  readonly serverId: string;
  #tick: Tick;
  #witnesses: readonly Witness[];
  #log: LogStanding | undefined;

  constructor(key: string, frame: FloorFrame) {
    this.key = key;
    this.dbServer = frame.dbServer;
    this.serverId = frame.serverId;
    this.#tick = frame.tick;
    this.#witnesses = frame.witnesses;
  }

  get tick(): Tick {
    return this.#tick;
  }

  /** Operations at or before {@link tick}. */
  get witnesses(): readonly Witness[] {
    return this.#witnesses;
  }

  /** What the source last told of the reader and the end of its log; undefined when it does not tell. */
  get log(): LogStanding | undefined {
    return this.#log;
  }

  /** A frame came. */
  heard({ readBytes, unreadBytes }: FloorFrame, now: number): void {
    this.#log = readBytes === undefined || unreadBytes === undefined ? undefined : { readBytes, unreadBytes, at: now };
  }

  advance(frame: FloorFrame): void {
    this.#tick = frame.tick;
    if (frame.witnesses.length > 0) this.#witnesses = frame.witnesses;
  }
}

/** How far the source's reader was when it told, and when that was by our clock. */
export interface LogStanding {
  readonly readBytes: number;
  readonly unreadBytes: number;
  readonly at: number;
}

/** Where a shard stands by a floor: reached when as many of its frames are applied as had come before the floor. */
export interface FloorMark {
  readonly group: FloorGroup;
  readonly tick: Tick;
  readonly witnesses: readonly Witness[];
  readonly asOf?: number | undefined;
  /** What the source's reader had read then. */
  readonly readBytes?: number | undefined;
  readonly afterFrames: number;
}
