import { OVER } from '../over.ts';
import { BURST_MS, TokenBucket } from './token-bucket.ts';

/** Limits of one worker; absent means none. */
export interface Rate {
  readonly bytesPerS?: number | undefined;
  readonly operationsPerS?: number | undefined;
}

/** What passes: bytes, and documents or operations. */
export interface Cost {
  readonly bytes: number;
  readonly operations: number;
}

/** The log goes before copies: who streams must not fall behind because others are copied (S7). */
export type Urgency = 'log' | 'copy';

export interface ThrottleClock {
  readonly now: () => number;
  /** Resolves after `ms`; when the signal fires it may resolve or reject, at once. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Part of the rate that copies get while the log would take all of it: slow, but they end. */
export const COPY_SHARE = 0.1;
/** Pieces are made smaller for the sake of a rate, but never smaller than this. */
const PIECE_BYTES_MIN = 16 * 1024;
/** For those who learn only afterwards what passed, and {@link Throttle.charge} it then. */
export const UNKNOWN_COST: Cost = { bytes: 0, operations: 0 };

interface Waiter {
  readonly cost: Cost;
  readonly go: () => void;
}

/**
 * Holds what passes to a rate in bytes and one in operations, for all who share it, and can be changed at any time. Who
 * waits goes in order of arrival, the log before copies; copies get {@link COPY_SHARE} of it whatever the log does.
 * Nothing of it runs while nobody waits.
 */
export class Throttle {
  readonly #clock: ThrottleClock;
  readonly #waiting: Readonly<Record<Urgency, Set<Waiter>>> = { log: new Set(), copy: new Set() };
  #rate: Rate = {};
  #bytes: TokenBucket | undefined;
  #operations: TokenBucket | undefined;
  /** Time that the log has taken and that copies are owed their share of. */
  #owedMs = 0;
  #wake: AbortController | undefined;
  #isServing = false;

  constructor(clock: ThrottleClock) {
    this.#clock = clock;
  }

  get rate(): Rate {
    return this.#rate;
  }

  get isLimited(): boolean {
    return this.#bytes !== undefined || this.#operations !== undefined;
  }

  /** Holds at once, also for those who wait. */
  setRate({ bytesPerS, operationsPerS }: Rate): void {
    if (bytesPerS === this.#rate.bytesPerS && operationsPerS === this.#rate.operationsPerS) return;
    this.#rate = { bytesPerS, operationsPerS };
    this.#bytes = this.#changed(this.#bytes, bytesPerS);
    this.#operations = this.#changed(this.#operations, operationsPerS);
    this.#wake?.abort(OVER);
  }

  /** Resolves when there is no debt, with `cost` taken. Rejects with the signal's reason when that fires before. */
  async pass(cost: Cost, urgency: Urgency, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.isLimited) return;
    if (this.#nobodyWaits && this.#waitMs() === 0) {
      this.#take(cost);
      return;
    }
    await this.#wait(cost, urgency, signal);
  }

  /** Takes what has passed already, or gives back what did not: the debt is for those who come next. */
  charge(cost: Cost, urgency: Urgency): void {
    this.#take(cost);
    if (urgency === 'log') this.#oweCopies(cost);
    if (cost.bytes < 0 || cost.operations < 0) this.#wake?.abort(OVER);
  }

  /** How long the next one would have to wait at least. */
  get waitMs(): number {
    return this.#waitMs();
  }

  /** So many bytes at a time that a piece is not felt as a pause by others. */
  pieceBytes(most: number): number {
    const { bytesPerS } = this.#rate;
    return bytesPerS === undefined ? most : Math.min(most, Math.max(PIECE_BYTES_MIN, partOf(bytesPerS)));
  }

  pieceOperations(most: number): number {
    const { operationsPerS } = this.#rate;
    return operationsPerS === undefined ? most : Math.min(most, Math.max(1, partOf(operationsPerS)));
  }

  get #nobodyWaits(): boolean {
    return this.#waiting.log.size === 0 && this.#waiting.copy.size === 0;
  }

  #changed(bucket: TokenBucket | undefined, perSecond: number | undefined): TokenBucket | undefined {
    if (perSecond === undefined) return undefined;
    if (bucket === undefined) return new TokenBucket(perSecond, this.#clock.now());
    bucket.setRate(perSecond, this.#clock.now());
    return bucket;
  }

  #waitMs(): number {
    const now = this.#clock.now();
    return Math.max(this.#bytes?.waitMs(now) ?? 0, this.#operations?.waitMs(now) ?? 0);
  }

  #take({ bytes, operations }: Cost): void {
    const now = this.#clock.now();
    this.#bytes?.take(bytes, now);
    this.#operations?.take(operations, now);
  }

  #msOf({ bytes, operations }: Cost): number {
    return Math.max(this.#bytes?.msOf(bytes) ?? 0, this.#operations?.msOf(operations) ?? 0);
  }

  #wait(cost: Cost, urgency: Urgency, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const queue = this.#waiting[urgency];
    const waiter: Waiter = {
      cost,
      go: () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      },
    };
    const giveUp = () => {
      queue.delete(waiter);
      if (this.#nobodyWaits) this.#wake?.abort(OVER);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    queue.add(waiter);
    if (!this.#isServing) void this.#serve();
    return promise;
  }

  /** Lets those who wait go, one after the other, until nobody is left. */
  async #serve(): Promise<void> {
    this.#isServing = true;
    while (!this.#nobodyWaits) {
      const ms = this.#waitMs();
      if (ms > 0) await this.#sleep(ms);
      else this.#letOneGo();
    }
    this.#isServing = false;
    this.#owedMs = 0;
  }

  async #sleep(ms: number): Promise<void> {
    const wake = new AbortController();
    this.#wake = wake;
    await this.#clock.sleep(ms, wake.signal).catch((error: unknown) => {
      if (!wake.signal.aborted) throw error;
    });
    this.#wake = undefined;
  }

  #letOneGo(): void {
    const [log] = this.#waiting.log;
    const [copy] = this.#waiting.copy;
    const isCopysTurn = copy !== undefined && (log === undefined || this.#owedMs >= this.#msOf(copy.cost));
    const next = isCopysTurn ? copy : log;
    if (next === undefined) return;
    if (isCopysTurn) this.#owedMs = log === undefined ? 0 : this.#owedMs - this.#msOf(next.cost);
    else this.#oweCopies(next.cost);
    this.#waiting[isCopysTurn ? 'copy' : 'log'].delete(next);
    this.#take(next.cost);
    next.go();
  }

  /** The log took what copies wait for. */
  #oweCopies(taken: Cost): void {
    if (this.#waiting.copy.size > 0) this.#owedMs += (this.#msOf(taken) * COPY_SHARE) / (1 - COPY_SHARE);
  }
}

function partOf(perSecond: number): number {
  return Math.floor((perSecond * BURST_MS) / 1_000);
}
