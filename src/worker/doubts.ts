import { type ShardRef, shardKey } from '../events/types/parts.ts';
import type { WorkerReport } from '../wire/worker.ts';
import type { BackOff } from './back-off.ts';
import type { Clock } from './clock.ts';
import type { ConditionLog } from './condition-log.ts';

type Suspected = NonNullable<WorkerReport['suspected']>;

/** Shards in one request: well under a MiB. */
const SHARDS_PER_REQUEST_MAX = 1_000;

export interface DoubtsOptions {
  /** Resolves when the leader has it in the log. */
  readonly send: (suspected: Suspected, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly backOff: BackOff;
  readonly trouble: ConditionLog;
}

interface Doubt {
  readonly shard: ShardRef;
  readonly reason: string;
}

/**
 * Shards that got writes of which this process does not know the outcome (S4). A doubt is kept until the log has it, over
 * the ends of leases too: nothing is received and nobody signs off before. Those that come together go together.
 */
export class Doubts {
  readonly #options: DoubtsOptions;
  /** By shard. */
  readonly #pending = new Map<string, Doubt>();
  #sending: Promise<void> | undefined;

  constructor(options: DoubtsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Resolves when the doubt is in the log. Rejects with the signal's reason: then it is kept, and told later. */
  async suspect(shard: ShardRef, reason: string, signal: AbortSignal): Promise<void> {
    const key = shardKey(shard);
    this.#pending.set(key, { shard, reason });
    while (this.#pending.has(key)) await this.#sendOnce(signal);
  }

  /** Resolves when nothing is left to tell. Rejects with the signal's reason. */
  async deliver(signal: AbortSignal): Promise<void> {
    while (!this.isEmpty) await this.#sendOnce(signal);
  }

  /** One attempt, for all who wait; the next one takes what came meanwhile. */
  async #sendOnce(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#sending ??= this.#send(signal).finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { send, clock, backOff, trouble } = this.#options;
    const taken = [...this.#pending].slice(0, SHARDS_PER_REQUEST_MAX);
    try {
      await send(grouped(taken.map(([, doubt]) => doubt)), signal);
      for (const [key, doubt] of taken) if (this.#pending.get(key) === doubt) this.#pending.delete(key);
      trouble.fine();
      backOff.reset();
    } catch (error) {
      // Each who waits looks at a signal of its own.
      if (signal.aborted) return;
      trouble.failed(error);
      await clock.sleep(backOff.next(), signal);
    }
  }
}

function grouped(doubts: readonly Doubt[]): Suspected {
  const byReason = Map.groupBy(doubts, ({ reason }) => reason);
  return [...byReason].map(([reason, list]) => ({ reason, shards: list.map(({ shard }) => shard) }));
}
