import type { ShardReport } from '../wire/worker.ts';
import type { Clock } from './clock.ts';
import { ConditionLog } from './condition-log.ts';
import type { Logger } from './logger.ts';
import type { Masters } from './ports.ts';
import { ReportDiff } from './report-diff.ts';

export const REPORT_EVERY_MS = 1_000;
/** Shards in one request: well under a MiB. */
const SHARDS_PER_REQUEST_MAX = 1_000;
/** One request, all masters together. */
export const REPORT_MS_MAX = 10_000;

export interface ReportSenderOptions {
  readonly workerId: string;
  readonly masters: Masters;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reports: () => readonly ShardReport[];
  /** Highest term seen; undefined before the first instructions. */
  readonly term: () => number | undefined;
  /** A leader that does not know us (any more) is told here. */
  readonly onError: (error: unknown) => void;
}

/** Tells the leader about once a second what changed, and a new leader everything. What did not arrive is told again. */
export async function sendReports(options: ReportSenderOptions, signal: AbortSignal): Promise<void> {
  const { clock, masters, workerId } = options;
  const diff = new ReportDiff();
  const trouble = new ConditionLog(options.log, 'reporting to the masters');
  let toldTerm: number | undefined;
  while (!signal.aborted) {
    await clock.sleep(REPORT_EVERY_MS, signal);
    const term = options.term();
    if (signal.aborted || term === undefined) continue;
    if (term !== toldTerm) diff.forgetAll();
    toldTerm = term;
    const all = options.reports();
    diff.keepOnly(all);
    const news = diff.news(all, clock.monotonicMs());
    try {
      for (let at = 0; at < news.length; at += SHARDS_PER_REQUEST_MAX) {
        const shards = news.slice(at, at + SHARDS_PER_REQUEST_MAX);
        await masters.report(workerId, { term, shards }, signal);
        diff.sent(shards, clock.monotonicMs());
      }
      trouble.fine();
    } catch (error) {
      if (signal.aborted) return;
      trouble.failed(error);
      options.onError(error);
    }
  }
}
