import { z } from 'zod';
import { OutgoingSyncInfo, SyncInfo } from './sync-info.ts';

/** The end of a synchronization at its source, as the target was told. */
export const OtherEnd = z.union([
  z.object({
    /** Deployment id of the source. */
    id: z.string(),
    outgoing: OutgoingSyncInfo,
  }),
  /** Why nothing is known of it. */
  z.object({ error: z.string() }),
]);
export type OtherEnd = z.infer<typeof OtherEnd>;

/** Answer of `GET /_api/sync/both`: as `GET /_api/sync`, with what the source says of the synchronization received here. */
export const BothEnds = SyncInfo.extend({
  /** Absent while nothing is received. */
  otherEnd: OtherEnd.optional(),
});
export type BothEnds = z.infer<typeof BothEnds>;

/** Answer of `GET /_api/sync/outgoing/{id}/status`. */
export const SourceEnd = z.object({ id: z.string(), outgoing: OutgoingSyncInfo });
export type SourceEnd = z.infer<typeof SourceEnd>;
