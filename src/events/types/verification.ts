import { z } from 'zod';
import { listOf, ShardRef, Way } from './parts.ts';

/** Who held shards against the source: an operator, or the masters by themselves, in their rounds or behind a barrier. */
export const VerifiedBy = z.enum(['check', 'verification', 'barrier']);
export type VerifiedBy = z.infer<typeof VerifiedBy>;

/** A document in which a shard differs from the source's. `content`: it holds something else under an equal revision. */
export const DifferingDocument = z.strictObject({
  /** By its `_key`. */
  document: z.string(),
  difference: z.enum(['missing', 'surplus', 'altered', 'content']),
});

/** A shard that differs at a place where both sides were exactly as far. */
export const ShardDifference = z.strictObject({
  shard: ShardRef,
  detail: z.string(),
  /** The first of them, where documents were looked into. */
  documents: listOf(DifferingDocument).exactOptional(),
  documentsDiffering: z.int().positive().exactOptional(),
});
export type ShardDifference = z.infer<typeof ShardDifference>;

/** Shards of this target that differ from their source's; many in one event. `repair`: they are caught up with now. */
export const DifferencesFound = z.strictObject({ by: VerifiedBy, repair: z.boolean(), found: listOf(ShardDifference) });

/** A shard that differed is as the source's again: it was caught up with because it differed, or was found equal later. */
export const SettledDifference = z.strictObject({
  shard: ShardRef,
  how: z.enum(['repaired', 'equal']),
  /** What the repair moved, and by which way. */
  moved: z
    .strictObject({ way: Way, documentsFetched: z.int().nonnegative(), documentsRemoved: z.int().nonnegative() })
    .exactOptional(),
});
export type SettledDifference = z.infer<typeof SettledDifference>;
export const DifferencesSettled = z.strictObject({ settled: listOf(SettledDifference) });

/** The masters have held every shard that was received against the source. */
export const VerificationCompleted = z.strictObject({
  startedAt: z.string(),
  deep: z.boolean(),
  shards: z.int().nonnegative(),
  different: z.int().nonnegative(),
  /** Could not be compared, the first reason among them. */
  unknown: z.int().nonnegative(),
  unknownBecause: z.string().exactOptional(),
});
