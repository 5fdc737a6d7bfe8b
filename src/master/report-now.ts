import type { ShardReport } from '../wire/worker.ts';
import type { HeardReport } from './telemetry.ts';

const NANOSECONDS_PER_MS = 1_000_000;
/** Workers tell the delay of every shard again within this, and sooner when it grows. */
const TOLD_MS_MAX = 15_000;

/** Who runs the shard's task now, and how long that worker has been silent. */
export interface Runner {
  readonly workerId: string | null;
  readonly silentMs: number;
  /** Longer than a worker that lives is silent. */
  readonly silentMsMax: number;
}

/**
 * What a report says at this moment. The last word of a worker that is not heard any more is not how its shard fares: its
 * delay counts on until its lease has ended, then it is unknown.
 */
export function reportNow({ report, workerId, ageMs }: HeardReport, runner: Runner): ShardReport {
  if (workerId !== runner.workerId) return without(report, undefined);
  if (runner.silentMs <= runner.silentMsMax && ageMs <= TOLD_MS_MAX) return report;
  return without(report, report.delay === undefined ? undefined : report.delay + ageMs * NANOSECONDS_PER_MS);
}

function without({ delay: _delay, logBehindBytes: _behind, ...report }: ShardReport, delayNs: number | undefined) {
  const logKept = { state: 'unknown', message: 'its worker is not heard any more' } as const;
  return {
    ...report,
    ...(delayNs === undefined ? {} : { delay: Math.round(delayNs) }),
    ...(report.logKept === undefined ? {} : { logKept }),
  };
}
