import { z } from 'zod';
import { Channels, listOf, Name, ServerMode, ShardRef, ShardWithChannels, TaskType } from './parts.ts';

export const NewTask = z.strictObject({
  taskId: Name,
  type: TaskType,
  /** The other side's deployment: the target on send tasks, the source on receive tasks. */
  peerId: Name,
  channels: Channels,
  /** On shard tasks. */
  shard: ShardRef.exactOptional(),
});
export const TasksCreated = z.strictObject({ tasks: listOf(NewTask) });
export const Assignment = z.strictObject({
  taskId: Name,
  workerId: Name,
  /** How often the task has been assigned, this time included. */
  counter: z.int().positive(),
});
export const TasksAssigned = z.strictObject({ assignments: listOf(Assignment) });
export const TasksUnassigned = z.strictObject({ taskIds: listOf(Name), reason: z.string() });
export const TasksRemoved = z.strictObject({ taskIds: listOf(Name), reason: z.string() });

/** A target follows us. Its id belongs to the client certificate that registered it (S23). */
export const OutgoingRegistered = z.strictObject({
  targetId: Name,
  /** The target's masters. */
  endpoints: listOf(Name),
  fingerprint: Name,
  inventoryChannel: Name,
  /** Position in the target's log when it asked: what it asked before that and lands later does not count. */
  asOf: z.int().nonnegative().exactOptional(),
  /** Number of the target's synchronization: where its log has the configuration. Each is above those before. */
  epoch: z.int().positive().exactOptional(),
});
/** Synchronizations of a target up to this number have ended: none of them registers again, however late it asks (S12). */
export const OutgoingEpochEnded = z.strictObject({ targetId: Name, epoch: z.int().positive() });
/** Shards that are new, or go on under new channels. `version` names the target's list that is now recorded in full. */
export const OutgoingShardsAdded = z.strictObject({
  targetId: Name,
  version: Name,
  shards: listOf(ShardWithChannels),
});
export const OutgoingShardsRemoved = z.strictObject({ targetId: Name, shards: listOf(ShardRef) });
export const OutgoingStopped = z.strictObject({
  targetId: Name,
  reason: z.string(),
  /** The barrier that held to the end: the target has everything (S8). */
  barrierEpoch: Name.exactOptional(),
  /** In which mode this source is left; absent: as other reasons want it (S9). */
  serverMode: ServerMode.exactOptional(),
});

/** What a refused command was about: names, ids and figures, never a document or a key. */
export const RefusedSubject = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).readonly();

/**
 * A command that would have changed something, of a caller that was authenticated, was not done. Who gave it stands in
 * the commit. The same refusal again, and more than so many in a minute, are counted instead (`master/rejections.ts`).
 */
export const CommandRejected = z.strictObject({
  command: Name,
  subject: RefusedSubject,
  /** HTTP status of the answer. */
  status: z.int(),
  code: Name,
  reason: z.string(),
  /** Refusals since the recorded one before that were only counted. */
  unrecorded: z.int().nonnegative(),
});

/** The same, as the first versions wrote it. */
export const CommandRefused = z.strictObject({
  command: Name,
  caller: z.string(),
  status: z.int(),
  code: Name,
  reason: z.string(),
});

/**
 * The commits before this one may be removed: the state that they led to is here, and a replay starts from it (S10).
 * `schema` is the version of the state's shape.
 */
export const LogArchived = z.strictObject({ schema: z.int().positive(), state: z.unknown() });
