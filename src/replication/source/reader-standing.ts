import type { MarkerCursor } from '../markers.ts';
import type { Tick } from '../queue.ts';
import type { LagMarkers } from './lag-markers.ts';
import type { LogPosition } from './log-position.ts';
import { LogRate } from './log-rate.ts';
import { ReadMoment } from './read-moment.ts';
import type { TailAnswer } from './tail.ts';

/** How a reader stands to the end of the log. */
export interface Standing {
  /** Everything that the server acknowledged before is read; undefined while no such moment is known. */
  readonly asOf: number | undefined;
  /** Bytes of log that it has read. */
  readonly readBytes: number;
  /** Estimate of what it has not; undefined while there is nothing to go by. */
  readonly unreadBytes: number | undefined;
}

/** Answers a reader asked for, as it hands them over. */
export interface HandedOver {
  readonly askedAt: number;
  readonly answer: TailAnswer;
  /** So much was asked for: a smaller answer was not cut. */
  readonly chunkBytes: number;
  /** Where the reader was before it, and is now. */
  readonly before: Tick;
  readonly position: LogPosition;
}

/** Follows how far behind the end of the log a reader is, in time and in bytes. */
export class ReaderStanding {
  readonly #moment: ReadMoment;
  readonly #rate = new LogRate();
  #unread: { readonly from: Tick; readonly to: Tick } = { from: '0', to: '0' };

  /** Without markers the end of the log alone tells. */
  constructor(markers?: LagMarkers) {
    this.#moment = new ReadMoment(markers);
  }

  get asOf(): number | undefined {
    return this.#moment.at;
  }

  get now(): Standing {
    const { from, to } = this.#unread;
    return { asOf: this.asOf, readBytes: this.#rate.read, unreadBytes: this.#rate.bytesBetween(from, to) };
  }

  /** Reading begins anew. */
  begin(): void {
    this.#moment.begin();
  }

  operation(marker: MarkerCursor): void {
    if (this.#moment.isMarker(marker.shardKey)) this.#moment.met(marker.operation(), marker.tick);
  }

  /** Everything up to `tick` is handed over. */
  reached(tick: Tick): void {
    this.#moment.reached(tick);
  }

  answered({ askedAt, answer, chunkBytes, before, position }: HandedOver): void {
    const { complete } = position;
    const { lastTick, body } = answer;
    const isRead = body.length < chunkBytes && !position.isInsideTransaction;
    this.#moment.answered({ askedAt, lastTick, complete, isRead });
    this.#rate.passed(body.length, before, complete);
    this.#unread = { from: complete, to: isRead ? complete : lastTick };
  }
}
