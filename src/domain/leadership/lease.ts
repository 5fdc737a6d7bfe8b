/**
 * A lease says when to try, never who leads: that is the log's. Its holder renews it; others take it when it has not
 * changed for its time, judged by their own clock, so that clocks need not agree.
 */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly term: number;
  /** For how long a renewal holds. */
  readonly leaseMs: number;
}

/** A lease as it was read: any renewal has another revision. */
export interface SeenLease extends Lease {
  readonly revision: string;
}

export type LeaseOutcome =
  | { readonly kind: 'held'; readonly lease: SeenLease }
  /** Somebody else's; undefined when it is gone. */
  | { readonly kind: 'lost'; readonly lease: SeenLease | undefined };

/** Lease documents in the database. Adapter: `adapters/arangodb/leases.ts`. Every call throws when the database is lost. */
export interface LeaseStore {
  read(name: string, signal?: AbortSignal): Promise<SeenLease | undefined>;
  /** Takes or renews, only if the lease is still as it was seen (undefined: if there is none). */
  write(lease: Lease, seen: SeenLease | undefined, signal?: AbortSignal): Promise<LeaseOutcome>;
  /** Lets go, only if the lease is still as it was seen. */
  release(seen: SeenLease, signal?: AbortSignal): Promise<void>;
}

/**
 * Judges one's own lease (S12): it holds for its time from *before* the renewal was sent, since nobody knows when the
 * database took it. Outside of it a leader must not act.
 */
export class HeldLease {
  #untilMs = Number.NEGATIVE_INFINITY;

  /** A renewal that was sent at `sentAtMs` (monotonic) succeeded. */
  renewed(sentAtMs: number, leaseMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, sentAtMs + leaseMs);
  }

  lost(): void {
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }

  holds(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** How long it still holds; 0 when it does not. */
  remainingMs(nowMs: number): number {
    return Math.max(0, this.#untilMs - nowMs);
  }
}
