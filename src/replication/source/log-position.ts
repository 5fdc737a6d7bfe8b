import { MARKER, type MarkerCursor } from '../markers.ts';
import { compareTicks, type Tick } from '../queue.ts';
import { laterTick, type TailAnswer, tickMinus } from './tail.ts';

/** What is done with the markers of a log. */
export interface LogHandler {
  /** `groupTick`: where its transaction begins, or its own tick. */
  operation(marker: MarkerCursor, groupTick: Tick): void;
  /** All operations given so far belong to transactions that end at or before `tick`. */
  complete(tick: Tick): void;
  /** Anything else than documents and transactions. */
  structure(marker: MarkerCursor): void;
}

interface OpenGroup {
  readonly tid: string;
  readonly tick: Tick;
  /** Only its 2200 was seen: the next answer has to bring that again. */
  isEmpty: boolean;
}

/**
 * Where a reader stands in a server's log, and how an answer moves it (reference 6.3, 6.4). What one could lose here:
 *
 * - An answer cut by its size ends inside a transaction: asking on without `lastScanned` would skip the rest of it.
 * - `lastscanned` can lie before `from` on an idle server: the position never goes back.
 * - `lastscanned` can be the *start* of a batch not read through: it is taken less one.
 *
 * {@link complete} is the only tick that may be stored or sent as a checkpoint: everything up to it was handed over,
 * and no transaction is open there.
 */
export class LogPosition {
  #complete: Tick;
  #from: Tick;
  #lastScanned: Tick;
  #open: OpenGroup | undefined;

  constructor(at: Tick) {
    this.#complete = at;
    this.#from = at;
    this.#lastScanned = at;
  }

  get complete(): Tick {
    return this.#complete;
  }

  get isInsideTransaction(): boolean {
    return this.#open !== undefined;
  }

  /** For the next request. */
  get request(): { readonly from: Tick; readonly lastScanned: Tick } {
    return { from: this.#from, lastScanned: this.#lastScanned };
  }

  /** Hands the markers of an answer over and moves behind them. */
  feed(cursor: MarkerCursor, answer: Omit<TailAnswer, 'body'>, handler: LogHandler): void {
    let last: Tick | undefined;
    while (cursor.next()) {
      // A cut answer is followed by one from its last marker: what was handed over already is not handed over again.
      if (compareTicks(cursor.tick, this.#from) <= 0 && cursor.type !== MARKER.transactionCommit) continue;
      this.#marker(cursor, last, handler);
      last = cursor.tick;
    }
    const wentThrough = last === undefined || compareTicks(answer.lastScanned, last) > 0;
    if (this.#open !== undefined && wentThrough) this.#close(last ?? this.#from, handler);
    if (this.#open !== undefined) {
      this.#from = last === undefined ? this.#from : this.#open.isEmpty ? tickMinus(last, 1) : last;
      this.#lastScanned = answer.lastScanned;
      return;
    }
    this.#moveTo(laterTick(last ?? '0', tickMinus(answer.lastScanned, 1)));
    handler.complete(this.#complete);
  }

  /** Everything up to `tick` is known to have been read: the end of a read that was bounded by it. */
  reach(tick: Tick): void {
    this.#moveTo(tick);
  }

  #moveTo(tick: Tick): void {
    this.#open = undefined;
    this.#complete = laterTick(this.#complete, tick);
    this.#from = this.#complete;
    this.#lastScanned = this.#complete;
  }

  #marker(cursor: MarkerCursor, last: Tick | undefined, handler: LogHandler): void {
    if (cursor.type === MARKER.transactionBegin) {
      if (this.#open !== undefined) this.#close(last ?? this.#from, handler);
      this.#open = { tid: cursor.tid, tick: cursor.tick, isEmpty: true };
    } else if (cursor.type === MARKER.transactionCommit) {
      this.#close(cursor.tick, handler);
    } else if (cursor.isOperation) {
      this.#operation(cursor, last, handler);
    } else {
      if (this.#open !== undefined) this.#close(last ?? this.#from, handler);
      handler.structure(cursor);
    }
  }

  #operation(cursor: MarkerCursor, last: Tick | undefined, handler: LogHandler): void {
    // Transactions never interleave: another one, or none, means that the one before has ended.
    if (this.#open !== undefined && this.#open.tid !== cursor.tid) this.#close(last ?? this.#from, handler);
    if (cursor.tid === '0') {
      handler.operation(cursor, cursor.tick);
      this.#close(cursor.tick, handler);
      return;
    }
    this.#open ??= { tid: cursor.tid, tick: cursor.tick, isEmpty: false };
    this.#open.isEmpty = false;
    handler.operation(cursor, this.#open.tick);
  }

  #close(tick: Tick, handler: LogHandler): void {
    this.#open = undefined;
    this.#complete = laterTick(this.#complete, tick);
    handler.complete(this.#complete);
  }
}
