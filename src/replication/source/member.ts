import { compareTicks, type Tick } from '../queue.ts';
import type { StreamBroken } from './broken.ts';
import type { OperationBuffer } from './operation-buffer.ts';
import type { ShardStream } from './shard-stream.ts';

/** Why a shard left the shared reader without its stream ending. */
export type Departure = 'behind' | 'overflow' | 'asked';

export interface Left {
  readonly why: Departure;
  /** Everything up to it was sent to it, if it was live. */
  readonly at: Tick;
}

export interface MemberOptions {
  /** As markers name the shard. */
  readonly key: string;
  readonly stream: ShardStream;
  readonly buffer: OperationBuffer;
  /** Where its own reading stands. */
  readonly at: Tick;
  /** Of the server, when that position was found good. */
  readonly incarnation: number;
}

/**
 * A shard's place in the shared reader:
 *
 * ```
 *   waiting ──► buffering ──────────────────► live ──► gone
 *               │ what the reader meets is held,  │ behind its credit (S7), asked for a tree,
 *               │ while the shard's own tail      │ or the stream breaks
 *               │ comes up to where that began    │
 *               └─► gone: more than it may hold   │
 * ```
 * Between its own tail and the reader nothing is missed, because holding begins between two transactions, at a tick that
 * the own tail then reaches; and nothing comes twice, because what the own tail sent is dropped by its tick.
 */
export class Member {
  readonly options: MemberOptions;
  readonly entered: Promise<Tick>;
  readonly left: Promise<Left>;
  #chargedMs = 0;
  /** What was acknowledged when it was last free of charge. */
  #acknowledgedBytes = 0;
  #state: 'waiting' | 'buffering' | 'live' | 'gone' = 'waiting';
  /** What was sent by its own tail, while the reader is not yet behind it. */
  #skipUpTo: Tick | undefined;
  readonly #enter: (at: Tick) => void;
  readonly #leave: (left: Left) => void;
  readonly #break: (error: StreamBroken) => void;

  constructor(options: MemberOptions) {
    this.options = options;
    const entered = Promise.withResolvers<Tick>();
    const left = Promise.withResolvers<Left>();
    this.entered = entered.promise;
    this.left = left.promise;
    this.#enter = entered.resolve;
    this.#leave = left.resolve;
    this.#break = (error) => {
      entered.reject(error);
      left.reject(error);
    };
    // Whoever waits hears of it; when nobody does, it is no unhandled rejection.
    this.entered.catch(() => undefined);
    this.left.catch(() => undefined);
  }

  /** Milliseconds for which others waited for it, less what was forgiven. */
  get chargedMs(): number {
    return this.#chargedMs;
  }

  charge(ms: number): void {
    if (this.#chargedMs === 0) this.#acknowledgedBytes = this.options.stream.acknowledgedBytes;
    this.#chargedMs = Math.max(0, this.#chargedMs + ms);
  }

  /**
   * Whether it was applied at `bytesPerS` or faster for as long as it was charged; then it starts free of charge again.
   * A tail of its own would have the server read everything twice, and a shard that is applied quickly keeps nobody
   * waiting for long.
   */
  keepsUp(bytesPerS: number): boolean {
    const acknowledged = this.options.stream.acknowledgedBytes - this.#acknowledgedBytes;
    if (acknowledged < (bytesPerS * this.#chargedMs) / 1_000) return false;
    this.#chargedMs = 0;
    return true;
  }

  get state(): 'waiting' | 'buffering' | 'live' | 'gone' {
    return this.#state;
  }

  /** From here on what the reader meets is held. */
  enter(at: Tick): void {
    this.#state = 'buffering';
    this.#enter(at);
  }

  /** Its own tail has sent everything up to `tick`. */
  goLive(tick: Tick): void {
    this.#state = 'live';
    this.#skipUpTo = tick;
    this.options.buffer.dropUpTo(tick);
  }

  /** Whether the operation at a tick was sent another way. */
  skips(tick: Tick): boolean {
    if (this.#skipUpTo === undefined) return false;
    if (compareTicks(tick, this.#skipUpTo) <= 0) return true;
    this.#skipUpTo = undefined;
    return false;
  }

  leave(why: Departure, at: Tick): void {
    this.#state = 'gone';
    this.#leave({ why, at });
  }

  break(error: StreamBroken): void {
    this.#state = 'gone';
    this.#break(error);
  }
}
