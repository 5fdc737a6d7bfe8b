import type { DocumentVersion } from './document.ts';

interface PastVersion {
  readonly version: DocumentVersion;
  /** The tick that ended it. */
  readonly until: number;
}

/** Histories smaller than this are not swept: it would cost more than it frees. */
const SWEEP_KEYS_MIN = 1000;

/** Versions that are no longer current but that a snapshot or a transaction still sees, per key. */
export class VersionHistory {
  readonly #byKey = new Map<string, PastVersion[]>();
  #sweepAtKeys = SWEEP_KEYS_MIN;

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  add(version: DocumentVersion, until: number): void {
    const past = this.#byKey.get(version.key);
    if (past === undefined) this.#byKey.set(version.key, [{ version, until }]);
    else past.push({ version, until });
  }

  /** The version of a key that was current at a tick and has ended since. */
  at(key: string, tick: number): DocumentVersion | undefined {
    return this.#byKey.get(key)?.find((past) => past.version.tick <= tick && tick < past.until)?.version;
  }

  /** Whether a version of this key ended after the tick. */
  endedAfter(key: string, tick: number): boolean {
    return this.#byKey.get(key)?.some((past) => past.until > tick) === true;
  }

  /** All versions that were current at a tick and have ended since, unordered. */
  allAt(tick: number): DocumentVersion[] {
    const versions: DocumentVersion[] = [];
    for (const past of this.#byKey.values()) {
      for (const { version, until } of past) if (version.tick <= tick && tick < until) versions.push(version);
    }
    return versions;
  }

  /** Every version kept, unordered. */
  all(): DocumentVersion[] {
    return [...this.#byKey.values()].flat().map((past) => past.version);
  }

  /** Forgets what none of these ticks sees; only when much has come since the last time. */
  sweep(ticks: readonly number[]): void {
    if (this.#byKey.size < this.#sweepAtKeys) return;
    for (const [key, past] of this.#byKey) {
      const kept = past.filter(({ version, until }) => ticks.some((tick) => version.tick <= tick && tick < until));
      if (kept.length === 0) this.#byKey.delete(key);
      else if (kept.length < past.length) this.#byKey.set(key, kept);
    }
    this.#sweepAtKeys = Math.max(SWEEP_KEYS_MIN, this.#byKey.size * 2);
  }

  clear(): void {
    this.#byKey.clear();
    this.#sweepAtKeys = SWEEP_KEYS_MIN;
  }
}
