import { ArangoError, ArangoUnreachable } from '../arango.ts';
import { type ErrorMeaning, meaningOfThrown } from './error-meaning.ts';
import { ReopenStream, ShardFailed, TargetChanged } from './failures.ts';
import { BadLine } from './lines.ts';
import { isOutage } from './openings.ts';

/** Pause before a stream is opened again; doubles while nothing comes of it. */
const REOPEN_FIRST_MS = 200;
const REOPEN_MAX_MS = 15_000;
/** Pause after a failure that only an operator can end; doubles as well. */
const FAILED_FIRST_MS = 5_000;
const FAILED_MAX_MS = 300_000;

const PASSING = new Set<ErrorMeaning | undefined>(['unavailable', 'contention', 'gone', 'not-writable']);

/** Ends of streams that the next stream settles, and errors of the network and of the target that pass. */
export function endsByItself(error: unknown): boolean {
  if (error instanceof ReopenStream || error instanceof TargetChanged || error instanceof ArangoUnreachable)
    return true;
  return isOutage(error) || (error instanceof ArangoError && PASSING.has(meaningOfThrown(error)));
}

/** Whether the message says all; anything else is a bug, and is logged with its stack. */
export function isExplained(error: unknown): boolean {
  return error instanceof ShardFailed || error instanceof BadLine || error instanceof ArangoError;
}

/** Ms before the next stream, after so many failures in a row. */
export function pauseAfter(error: unknown, failures: number): number {
  const times = 2 ** Math.min(failures - 1, 20);
  if (!endsByItself(error)) return Math.min(FAILED_MAX_MS, FAILED_FIRST_MS * times);
  const own = error instanceof ReopenStream ? error.afterMs : 0;
  return Math.max(own, Math.min(REOPEN_MAX_MS, REOPEN_FIRST_MS * times));
}
