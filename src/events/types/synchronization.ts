import { z } from 'zod';
import { Selection } from '../selection/selection.ts';
import { LogHead, listOf, Name, ServerMode, ShardRef, ShardWithChannels, SyncStatus, Way } from './parts.ts';

/** An operator wants this deployment to follow `source`. Keys lie in `_sync_secrets` under `credentialId`. */
export const SyncConfigured = z.strictObject({
  /** Begins the epoch under which checkpoints are valid (S3). */
  epoch: Name,
  /** URLs of the source's masters, as they were given. */
  source: listOf(Name),
  credentialId: Name,
  /** Keyed fingerprint of certificate, key and CA together: tells the same request from another. */
  fingerprint: Name,
  /** Of the CA that verifies the source's masters. */
  caFingerprint: Name,
  inventoryChannel: Name,
  /** Highest number of ours that the source has seen: beyond our log only after that went back. Ours go on above it. */
  above: z.int().positive().exactOptional(),
  /** Whom the first look found there: until the source is identified it is all that is known of it. */
  sourceDeployment: Name.exactOptional(),
  /**
   * By a reversal: the source had all that we have when it stopped following us, in sync behind a barrier, and nobody has
   * written here since (S8). So equal revisions are equal documents.
   */
  equalAtStart: z.literal(true).exactOptional(),
  /** What is replicated; absent: everything. */
  selection: Selection.exactOptional(),
});
/** Another part of the same source is replicated from now on; absent: everything. */
export const SyncSelectionChanged = z.strictObject({ selection: Selection.exactOptional() });
export const SyncCredentialsReplaced = z.strictObject({
  source: listOf(Name),
  credentialId: Name,
  fingerprint: Name,
  caFingerprint: Name,
});
/** Who the source is, and where its log stood: from now on another deployment or a shorter log is refused (S1). */
export const SourceIdentified = z.strictObject({ deploymentId: Name, version: z.string(), head: LogHead });
/** Checkpoints of the epoch before mean nothing any more (S3). */
export const EpochBegan = z.strictObject({ epoch: Name, reason: z.string() });
/** The target refuses writes, and those that its servers had taken before have ended: under this epoch only we write it. */
export const TargetSettled = z.strictObject({ epoch: Name });
export const SyncCancelRequested = z.strictObject({
  /** Go on without the source when it does not answer. */
  force: z.boolean(),
  /** In which mode the two deployments are left. */
  targetServerMode: ServerMode,
  sourceServerMode: ServerMode,
  /** All was in sync behind this barrier of the source: nothing is stopped unless it still holds (S8). */
  barrierEpoch: Name.exactOptional(),
  /** Make the target writable although doubtful writes may still land (S4), or its clocks may lag (S16). */
  skipQuietTime: z.boolean().exactOptional(),
});
/** The source would not stop, since its barrier was broken: the synchronization goes on. */
export const SyncCancelWithdrawn = z.strictObject({ reason: z.string() });
export const SyncStopped = z.strictObject({
  /** True when the source was not told. */
  aborted: z.boolean(),
  reason: z.string(),
  /** Shards whose quiet time was not waited out, because an operator would not: an old write may still land there (S4). */
  unsettledShards: z.int().positive().exactOptional(),
  /** Why it is not known that the target's servers give newer revisions than all that they hold (S16). */
  clocksUnverified: z.string().exactOptional(),
});
/** The whole synchronization is refused until an operator configures again (S1). */
export const SyncFailed = z.strictObject({ code: Name, reason: z.string() });

export const ShardsAdded = z.strictObject({ shards: listOf(ShardWithChannels) });
export const ShardsRemoved = z.strictObject({
  shards: listOf(ShardRef),
  reason: z.string(),
  /** They are not selected any longer: this deployment keeps what was replicated into them. */
  leftOut: z.literal(true).exactOptional(),
});

export const ShardStateChange = z.strictObject({
  shard: ShardRef,
  status: SyncStatus,
  /** What a person must know: names the document of a failed shard. `''` while nothing is wrong. */
  message: z.string(),
  way: Way,
  /** Why the way was taken. */
  reason: z.string(),
});
/** Real transitions only, many shards in one event; `targetId` on the sending side. */
export const ShardStatesChanged = z.strictObject({
  targetId: Name.exactOptional(),
  changes: listOf(ShardStateChange),
});
/** Both sides begin these shards anew, on new channels. */
export const ShardResetRequested = z.strictObject({ shards: listOf(ShardWithChannels) });

/** What the inventory task created, changed or dropped, in words: `created collection d/c`. */
export const StructureChanged = z.strictObject({ changes: listOf(z.string()) });
export const StructureProblem = z.strictObject({ database: z.string(), collection: z.string(), reason: z.string() });
/** All that cannot be replicated now, each with its reason; replaces the list before. */
export const StructureProblemsChanged = z.strictObject({ problems: listOf(StructureProblem) });
/** What is on purpose other on the target than on the source, the same of many collections of a database in one. */
export const StructureNote = z.strictObject({
  database: z.string(),
  note: z.string(),
  /** The first few of them by name; none where it is of the database. */
  collections: listOf(z.string()),
  /** How many collections it holds for. */
  count: z.int().nonnegative(),
});
/** All that is other on purpose now; replaces the list before. */
export const StructureNotesChanged = z.strictObject({ notes: listOf(StructureNote) });
/** Drops that wait for an operator (S1), `database/collection`; replaces the list before. */
export const DropsHeld = z.strictObject({ collections: listOf(Name) });
export const DropsConfirmed = z.strictObject({ collections: listOf(Name) });
