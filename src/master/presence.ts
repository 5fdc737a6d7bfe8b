/**
 * When members of this datacenter were last heard of, by this process's monotonic clock: their clocks need not agree with
 * ours. Whoever was not heard since `beginsAt` counts as heard then, so that a new leader grants everyone a full lease
 * (S12).
 */
export class Presence {
  readonly #heardAt = new Map<string, number>();
  #beginsAt = 0;

  /** Forgets everyone; their leases begin now. */
  begin(nowMs: number): void {
    this.#heardAt.clear();
    this.#beginsAt = nowMs;
  }

  heard(id: string, nowMs: number): void {
    this.#heardAt.set(id, nowMs);
  }

  /** Those of `ids` that were silent for longer than the lease. */
  expired(ids: Iterable<string>, leaseMs: number, nowMs: number): string[] {
    return [...ids].filter((id) => this.silentForMs(id, nowMs) > leaseMs);
  }

  silentForMs(id: string, nowMs: number): number {
    return nowMs - (this.#heardAt.get(id) ?? this.#beginsAt);
  }
}
