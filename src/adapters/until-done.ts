import { BackOff } from '../worker/back-off.ts';
import type { Clock } from '../worker/clock.ts';
import { ConditionLog } from '../worker/condition-log.ts';
import type { Logger } from './logging/logger.ts';

/** Pause after a failed try: first and longest. */
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5_000;

/** Repeats a step until it succeeds; undefined when the signal fires before. */
export async function untilDone<T>(
  what: string,
  step: () => Promise<T>,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<T | undefined> {
  const backOff = new BackOff(RETRY_FIRST_MS, RETRY_LONGEST_MS);
  const trouble = new ConditionLog(log, what);
  while (!signal.aborted) {
    try {
      const outcome = await step();
      trouble.fine();
      return outcome;
    } catch (error) {
      if (signal.aborted) break;
      trouble.failed(error);
      await clock.sleep(backOff.next(), signal);
    }
  }
  return undefined;
}
