import { byText } from '../../domain/collections.ts';
import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { CheckCounts, CheckFinding } from '../../wire/check.ts';
import type { Core } from '../reconcile/core.ts';
import type { ChecksumService } from '../services/checksum-service.ts';
import { type CompareOptions, type Outcome, PageComparison } from './compare-page.ts';

/** Shards of a page: both sides read their structure once for each. Documents take longer than trees. */
const PAGE_SHARDS = 250;
const PAGE_SHARDS_DEEP = 16;
/** While the last shards of a page are waited for others go on. */
const PAGES_AT_ONCE = 3;

export interface RunOptions extends Omit<CompareOptions, 'onDocuments'> {
  readonly database?: string;
  readonly collection?: string;
  /** Begin behind this shard. */
  readonly after?: string;
  /** Shards per second at most; absent: as fast as it goes. */
  readonly shardsPerSecond?: number;
}

/** Shards that were compared together, and what was found of them. */
export interface ComparedPage {
  readonly findings: readonly CheckFinding[];
  /** Everything up to this shard is compared. */
  readonly after: string;
}

/** Holds all shards that are received, or some of them, against the source: in pages, in the order of their names. */
export class CheckRun {
  readonly #core: Core;
  readonly #options: RunOptions;
  readonly #comparison: PageComparison;
  readonly #shards: readonly ShardRef[];
  #counts: CheckCounts;
  #documents = 0;

  constructor(core: Core, checksums: ChecksumService, options: RunOptions) {
    this.#core = core;
    this.#options = options;
    const onDocuments = (count: number) => {
      this.#documents += count;
    };
    this.#comparison = new PageComparison(core, checksums, { ...options, onDocuments });
    this.#shards = chosen(core, options);
    const none = { compared: 0, equal: 0, different: 0, unknown: 0, repaired: 0 };
    this.#counts = { shards: this.#shards.length, ...none };
  }

  get counts(): CheckCounts {
    return this.#counts;
  }

  /** Documents that were looked into. */
  get documents(): number {
    return this.#documents;
  }

  async *pages(signal: AbortSignal): AsyncGenerator<ComparedPage> {
    const stop = new AbortController();
    try {
      yield* this.#inTurn(AbortSignal.any([signal, stop.signal]));
    } finally {
      stop.abort(new Error('the comparison is given up'));
      this.#comparison.close();
    }
  }

  /** Several pages at once, told in their order. */
  async *#inTurn(signal: AbortSignal): AsyncGenerator<ComparedPage> {
    const running: Promise<Compared>[] = [];
    for (const page of this.#pages()) {
      const compared = this.#compare(page, signal);
      // Its failure is met in its turn.
      compared.catch(() => undefined);
      running.push(compared);
      await this.#pace(page.length, signal);
      const [oldest] = running;
      if (running.length < PAGES_AT_ONCE || oldest === undefined) continue;
      running.shift();
      yield this.#told(await oldest);
    }
    for (const compared of running) yield this.#told(await compared);
  }

  *#pages(): Generator<readonly ShardRef[]> {
    const size = this.#options.deep ? PAGE_SHARDS_DEEP : PAGE_SHARDS;
    for (let at = 0; at < this.#shards.length; at += size) yield this.#shards.slice(at, at + size);
  }

  async #pace(shards: number, signal: AbortSignal): Promise<void> {
    const { shardsPerSecond } = this.#options;
    if (shardsPerSecond === undefined) return;
    await this.#core.ports.clock.sleep((1_000 * shards) / shardsPerSecond, signal);
    signal.throwIfAborted();
  }

  async #compare(page: readonly ShardRef[], signal: AbortSignal): Promise<Compared> {
    return { page, outcomes: await this.#comparison.compare(page, signal) };
  }

  /** Counted only now: what is counted is told. */
  #told({ page, outcomes }: Compared): ComparedPage {
    const counts = { ...this.#counts, compared: this.#counts.compared + page.length };
    for (const { result } of outcomes) counts[result] += 1;
    this.#counts = counts;
    const findings = outcomes.flatMap(({ finding }) => finding ?? []).sort((a, b) => byText(nameOf(a), nameOf(b)));
    return { findings, after: page.map(shardKey).at(-1) ?? '' };
  }
}

interface Compared {
  readonly page: readonly ShardRef[];
  readonly outcomes: readonly Outcome[];
}

function chosen({ control }: Core, { after, database, collection }: RunOptions): readonly ShardRef[] {
  return [...control.state.shards.byKey]
    .filter(([key, { shard }]) => {
      if (after !== undefined && byText(key, after) <= 0) return false;
      return (database ?? shard.database) === shard.database && (collection ?? shard.collection) === shard.collection;
    })
    .sort(([a], [b]) => byText(a, b))
    .map(([, { shard }]) => shard);
}

function nameOf({ database, collection, shardIndex = 0 }: CheckFinding): string {
  return shardKey({ database, collection, shardIndex });
}
