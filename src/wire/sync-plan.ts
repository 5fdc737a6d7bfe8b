import { z } from 'zod';

const PlannedCollection = z.object({ database: z.string(), collection: z.string() });
const LostCollection = PlannedCollection.extend({ documents: z.number().int().nonnegative() });

/** Answer of `POST /_api/sync/plan`: what a target becomes by following the source of the request. */
export const SyncPlan = z.object({
  /** Deployment id and version of the source. */
  source: z.object({ id: z.string(), version: z.string() }),
  /** Collections that the target gets. */
  create: z.array(PlannedCollection),
  /** Collections that both sides have: on the target what differs is replaced, and what the source lacks is removed. */
  overwrite: z.array(LostCollection),
  /** Collections of the target that go, with all their documents, because the source does not have them. */
  drop: z.array(LostCollection),
  /** What cannot be replicated or compared, each with the reason. */
  problems: z.array(PlannedCollection.extend({ reason: z.string() })),
});
export type SyncPlan = z.infer<typeof SyncPlan>;
