import { z } from 'zod';
import { Selection } from './selection.ts';

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
  /** The target's users become those of the source; true: but for `root`. */
  keeps_root: z.boolean(),
  /** What cannot be replicated or compared, each with the reason. */
  problems: z.array(PlannedCollection.extend({ reason: z.string() })),
  /** What is replicated; absent: everything. */
  selection: Selection.optional(),
  /** Collections of the source that are left out. */
  notSelected: z.array(PlannedCollection).optional(),
  /** Set when this target follows the source already, with the selection `from`: then all else is told of the change. */
  change: z
    .object({
      from: Selection.optional(),
      /** Collections of the source that are followed newly. */
      follow: z.array(PlannedCollection),
      /** Collections of the source that are no longer followed: on the target they stay as they are. */
      leave: z.array(PlannedCollection),
    })
    .optional(),
});
export type SyncPlan = z.infer<typeof SyncPlan>;
