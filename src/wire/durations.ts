import { z } from 'zod';

/** Go's `time.Duration` in JSON: a plain integer of nanoseconds. */
export const Nanoseconds = z.number().int().nonnegative().meta({ format: 'int64' });
/** As {@link Nanoseconds}, where 0 means nothing. */
export const PositiveNanoseconds = z.number().int().positive().meta({ format: 'int64' });

const nanosecondsPerMillisecond = 1_000_000;

/** Rounds to whole milliseconds: finer times mean nothing on this wire. */
export function toNanoseconds(ms: number): number {
  return Math.round(ms) * nanosecondsPerMillisecond;
}

/** Whole milliseconds, up: timers take no fractions, and a time that was given is not none. */
export function toMilliseconds(nanoseconds: number): number {
  return Math.ceil(nanoseconds / nanosecondsPerMillisecond);
}
