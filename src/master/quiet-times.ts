import type { Suspect, Suspects } from '../domain/suspects/state.ts';
import type { Clock } from './clock.ts';
import type { MasterTimes } from './ports.ts';

/**
 * When old writes to suspect shards can no longer land (S4). Each master counts by its own monotonic clock from when it
 * first saw the suspicion in the log, whoever leads: clocks need not agree, and one that stands still waits too long
 * rather than not long enough. A master that starts again counts anew.
 */
export class QuietTimes {
  readonly #clock: Clock;
  readonly #quietMs: number;
  /** When a suspicion was seen first, by the position that names it. */
  #seenMs = new Map<number, number>();
  #noted: Suspects | undefined;

  constructor(clock: Clock, times: Pick<MasterTimes, 'quietTimeMs' | 'workerLeaseMs'>) {
    this.#clock = clock;
    // Whoever lost a shard unheard may have sent until its lease, and its token with it, had ended.
    this.#quietMs = times.quietTimeMs + times.workerLeaseMs;
  }

  /** Looks at what is suspect now; costs nothing while that is as before. */
  note(suspects: Suspects): void {
    if (suspects === this.#noted) return;
    this.#noted = suspects;
    const seenMs = new Map<number, number>();
    for (const { position } of suspects.values()) seenMs.set(position, this.#seenAt(position));
    this.#seenMs = seenMs;
  }

  /** 0: what was doubtful has landed, or never will. */
  leftMs({ position }: Suspect): number {
    const seenMs = this.#seenAt(position);
    this.#seenMs.set(position, seenMs);
    return Math.max(0, seenMs + this.#quietMs - this.#clock.monotonicMs());
  }

  /** Until the last of them is over; 0 for none. */
  longestLeftMs(suspects: Suspects): number {
    let leftMs = 0;
    for (const suspect of suspects.values()) leftMs = Math.max(leftMs, this.leftMs(suspect));
    return leftMs;
  }

  /** The moment, to be shown. */
  until(leftMs: number): string {
    return new Date(this.#clock.now().getTime() + leftMs).toISOString();
  }

  #seenAt(position: number): number {
    return this.#seenMs.get(position) ?? this.#clock.monotonicMs();
  }
}
