import { z } from 'zod';

/** null: no limit. */
const Limit = z.strictObject({
  bytesPerSecond: z.int().positive().nullable(),
  operationsPerSecond: z.int().positive().nullable(),
});

/** What may be read from a source, sent over links and written to a target in all, from now on: the whole of it. */
export const ThrottleSet = z.strictObject({ sourceRead: Limit, link: Limit, targetWrite: Limit });
