/** Lines about single shards that are written within one period; what more happens is counted. */
const LINES_PER_PERIOD_MAX = 20;
const PERIOD_MS = 1_000;

type Level = 'info' | 'warn' | 'error';
type Fields = Readonly<Record<string, unknown>>;

export interface ShardLinesParts {
  readonly log: { readonly [Each in Level]: (message: string, fields?: Fields) => void };
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

interface Repeated {
  readonly level: Level;
  readonly message: string;
  readonly reason: string;
  shards: number;
}

/**
 * Log lines about shards. What happens to thousands of them for one reason is one line and a count (S20): the first is
 * written at once, the others of the same second together.
 */
export class ShardLines {
  readonly #parts: ShardLinesParts;
  readonly #signal: AbortSignal;
  /** Of the running period, by what they say. */
  readonly #said = new Map<string, Repeated>();
  #unsaid: Record<Level, number> = { info: 0, warn: 0, error: 0 };

  constructor(parts: ShardLinesParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** `reason` says what happened, and is the same for all whom the same happened to; `fields` are of this shard. */
  say(level: Level, message: string, reason: string, fields: Fields): void {
    const name = `${level} ${message} ${reason}`;
    const before = this.#said.get(name);
    if (before !== undefined) {
      before.shards += 1;
      return;
    }
    if (this.#said.size >= LINES_PER_PERIOD_MAX) {
      this.#unsaid[level] += 1;
      return;
    }
    if (this.#said.size === 0) void this.#endPeriod();
    this.#said.set(name, { level, message, reason, shards: 0 });
    this.#parts.log[level](message, { ...fields, ...(reason === '' ? {} : { reason }) });
  }

  async #endPeriod(): Promise<void> {
    await this.#parts.sleep(PERIOD_MS, this.#signal).catch(() => undefined);
    const { log } = this.#parts;
    for (const { level, message, reason, shards } of this.#said.values()) {
      if (shards > 0) log[level](`${message}: others as well`, { shards, ...(reason === '' ? {} : { reason }) });
    }
    for (const level of ['info', 'warn', 'error'] as const) {
      const lines = this.#unsaid[level];
      if (lines > 0) log[level]('more happened to shards, each for a reason of its own: see their status', { lines });
    }
    this.#said.clear();
    this.#unsaid = { info: 0, warn: 0, error: 0 };
  }
}
