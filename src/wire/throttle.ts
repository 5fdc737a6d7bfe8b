import { z } from 'zod';

/** What can be limited: reads from the source, what leaves over the links, writes to the target. */
export const THROTTLED = ['sourceRead', 'link', 'targetWrite'] as const;
export type Throttled = (typeof THROTTLED)[number];

/** null: no limit. */
const PerSecond = z.number().int().positive().nullable();

/** Limits of the whole datacenter, in equal parts over the workers that have tasks of the kind. */
export const RateLimit = z.object({ bytesPerSecond: PerSecond, operationsPerSecond: PerSecond });
export type RateLimit = z.infer<typeof RateLimit>;

const Change = RateLimit.partial();

/** `PUT /_api/throttle`: what is left out stays as it is, null takes a limit away. */
export const SetThrottle = z.object({
  sourceRead: Change.optional(),
  link: Change.optional(),
  targetWrite: Change.optional(),
});
export type SetThrottle = z.infer<typeof SetThrottle>;

const LimitInfo = RateLimit.extend({
  /** Among whom the limit is divided now; 0: it has no effect at this moment. */
  workers: z.number().int().nonnegative(),
});

/** Answer of `GET /_api/throttle`. */
export const ThrottleInfo = z.object({ sourceRead: LimitInfo, link: LimitInfo, targetWrite: LimitInfo });
export type ThrottleInfo = z.infer<typeof ThrottleInfo>;

/** Limits of one worker; absent means none. */
const WorkerRate = z.object({
  bytesPerS: z.number().int().positive().optional(),
  operationsPerS: z.number().int().positive().optional(),
});

export const WorkerThrottle = z.object({
  sourceRead: WorkerRate.optional(),
  link: WorkerRate.optional(),
  targetWrite: WorkerRate.optional(),
});
export type WorkerThrottle = z.infer<typeof WorkerThrottle>;
