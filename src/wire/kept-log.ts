import { z } from 'zod';
import { Nanoseconds } from './durations.ts';
import { Time } from './time.ts';

/** Up to where a target has durably applied one DB-Server's log. */
export const WireLogPosition = z.object({
  dbServer: z.string().min(1),
  serverId: z.string().min(1),
  tick: z.string().min(1),
});

/** A target that has paused: from where on it wants its source's log kept, and for how long. */
export const WirePause = z.object({ positions: z.array(WireLogPosition), keepLog: Nanoseconds });
export type WirePause = z.infer<typeof WirePause>;

/** Whether a source still has the log that a paused target goes on from. */
export const KeptLog = z.object({
  state: z.enum(['kept', 'released', 'unknown']),
  /** Until when it is kept; absent unless it is. */
  until: Time.optional(),
  /** Why it is not kept, or not known to be. */
  message: z.string().optional(),
});
export type KeptLog = z.infer<typeof KeptLog>;

/** A pause, as status shows it. */
export const PauseInfo = z.object({ since: Time, log: KeptLog });
export type PauseInfo = z.infer<typeof PauseInfo>;

/** `POST /_api/sync/pause`. */
export const PauseSync = z.object({
  /** How long the source is asked to keep its log, in nanoseconds; a day when absent. */
  keep_log: Nanoseconds.optional(),
});
export type PauseSync = z.infer<typeof PauseSync>;
