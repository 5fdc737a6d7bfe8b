import type { ComparisonResult } from '../wire/comparisons.ts';
import type { Clock } from './clock.ts';
import { ConditionLog } from './condition-log.ts';
import type { Logger } from './logger.ts';
import type { Masters } from './ports.ts';
import type { RunningRoles } from './running-roles.ts';

/** Longest wait for news in one request while there is nothing to be told. */
const WAIT_MS_MAX = 2_000;
/** While comparisons are under way what they came to is told so often. */
const TELL_MS = 50;
const RETRY_MS = 1_000;

export interface ComparingOptions {
  readonly workerId: string;
  readonly masters: Pick<Masters, 'comparisons'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly running: Pick<RunningRoles, 'setComparisons' | 'comparisons'>;
  /** Fires when the tenure ends. */
  readonly signal: AbortSignal;
}

/**
 * Asks the leader which shards are to be held against the source, and tells what comes of it, while the instructions say
 * that there are such. They are a level: what is not listed any more is given up.
 */
export class Comparing {
  readonly #options: ComparingOptions;
  readonly #trouble: ConditionLog;
  #stop: AbortController | undefined;
  #asking: Promise<void> = Promise.resolve();

  constructor(options: ComparingOptions) {
    this.#options = options;
    this.#trouble = new ConditionLog(options.log, 'comparing shards');
  }

  /** Told with every instruction. */
  isWanted(wanted: boolean): void {
    if (wanted === (this.#stop !== undefined)) return;
    this.#stop?.abort();
    this.#stop = undefined;
    if (!wanted) return;
    const stop = new AbortController();
    this.#stop = stop;
    const signal = AbortSignal.any([stop.signal, this.#options.signal]);
    this.#asking = this.#asking.then(() => this.#ask(signal));
  }

  /** Resolves when nothing is asked any more, behind the end of the tenure. */
  ended(): Promise<void> {
    return this.#asking;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { workerId, masters, clock, running } = this.#options;
    let after: string | undefined;
    /** What the leader has been told, by request. */
    let told = new Map<string, string>();
    let isBusy = false;
    while (!signal.aborted) {
      try {
        const all = running.comparisons();
        const results = all.filter((result) => told.get(result.id) !== JSON.stringify(result));
        const report = { results, ...(after === undefined ? {} : { after }) };
        const { version, requests } = await masters.comparisons(
          workerId,
          report,
          isBusy ? TELL_MS : WAIT_MS_MAX,
          signal,
        );
        told = new Map(all.map((result) => [result.id, JSON.stringify(result)]));
        after = version;
        // Also the same again: a task may have come to this worker since.
        running.setComparisons(requests);
        isBusy = requests.length > 0 || hasNews(running.comparisons(), told);
        this.#trouble.fine();
      } catch (error) {
        if (signal.aborted) break;
        this.#trouble.failed(error);
        // Another leader knows nothing of what was told.
        after = undefined;
        told = new Map();
        await clock.sleep(RETRY_MS, signal);
      }
    }
    running.setComparisons([]);
  }
}

function hasNews(results: readonly ComparisonResult[], told: ReadonlyMap<string, string>): boolean {
  return results.some((result) => told.get(result.id) !== JSON.stringify(result));
}
