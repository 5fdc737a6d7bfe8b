import type { z } from 'zod';
import * as barrier from './types/barrier.ts';
import * as keys from './types/keys.ts';
import * as members from './types/members.ts';
import * as pause from './types/pause.ts';
import * as suspects from './types/suspects.ts';
import * as synchronization from './types/synchronization.ts';
import * as throttle from './types/throttle.ts';
import * as verification from './types/verification.ts';
import * as work from './types/work.ts';

/** An event as it stands in a commit. */
export interface Event {
  /** ULID. */
  readonly id: string;
  readonly type: string;
  /** Schema version of `data`. */
  readonly v: number;
  readonly data: unknown;
}

/** Brings `data` of one version into the shape of the next. Never changes what lies in the log. */
export type Upcaster = (data: unknown) => unknown;

/** What we know of one type: the newest schema, and one upcaster per older version (the first from 1 to 2). */
interface TypeDefinition<S extends z.ZodType> {
  readonly schema: S;
  readonly upcasters: readonly Upcaster[];
}

function first<S extends z.ZodType>(schema: S): TypeDefinition<S> {
  return { schema, upcasters: [] };
}

/** What was added since may be absent. */
function asItIs(data: unknown): unknown {
  return data;
}

/** Every event type there is. A change of shape is a new version: an upcaster here, never a rewritten commit. */
export const vocabulary = {
  LeadershipClaimed: first(members.LeadershipClaimed),
  LeadershipResigned: first(members.LeadershipResigned),
  MasterRegistered: first(members.MasterRegistered),
  MasterLeft: first(members.MasterLeft),
  WorkerRegistered: first(members.WorkerRegistered),
  WorkerDraining: first(members.WorkerDraining),
  WorkerLeft: first(members.WorkerLeft),
  MasterSecretRotated: first(keys.MasterSecretRotated),
  SecretsReencrypted: first(keys.SecretsReencrypted),
  WorkerCaCreated: first(keys.WorkerCaCreated),
  WorkerCertificateRenewed: first(keys.WorkerCertificateRenewed),
  MasterCertificateReplaced: first(keys.MasterCertificateReplaced),
  MessageTimeoutSet: first(members.MessageTimeoutSet),
  ReplicationFactorBounded: first(members.ReplicationFactorBounded),
  SyncConfigured: { schema: synchronization.SyncConfigured, upcasters: [asItIs, asItIs] },
  SyncSelectionChanged: first(synchronization.SyncSelectionChanged),
  RootUserExclusionSet: first(members.RootUserExclusionSet),
  ThrottleSet: first(throttle.ThrottleSet),
  SyncCredentialsReplaced: first(synchronization.SyncCredentialsReplaced),
  SourceIdentified: first(synchronization.SourceIdentified),
  EpochBegan: first(synchronization.EpochBegan),
  TargetSettled: first(synchronization.TargetSettled),
  SyncCancelRequested: first(synchronization.SyncCancelRequested),
  SyncCancelWithdrawn: first(synchronization.SyncCancelWithdrawn),
  SyncStopped: first(synchronization.SyncStopped),
  SyncFailed: first(synchronization.SyncFailed),
  ShardsAdded: first(synchronization.ShardsAdded),
  ShardsRemoved: { schema: synchronization.ShardsRemoved, upcasters: [asItIs] },
  ShardStatesChanged: first(synchronization.ShardStatesChanged),
  ShardResetRequested: first(synchronization.ShardResetRequested),
  ShardsSuspected: first(suspects.ShardsSuspected),
  SuspicionsSettled: first(suspects.SuspicionsSettled),
  DifferencesFound: first(verification.DifferencesFound),
  DifferencesSettled: first(verification.DifferencesSettled),
  VerificationCompleted: first(verification.VerificationCompleted),
  StructureChanged: first(synchronization.StructureChanged),
  StructureProblemsChanged: first(synchronization.StructureProblemsChanged),
  StructureNotesChanged: first(synchronization.StructureNotesChanged),
  DropsHeld: first(synchronization.DropsHeld),
  DropsConfirmed: first(synchronization.DropsConfirmed),
  TasksCreated: first(work.TasksCreated),
  TasksAssigned: first(work.TasksAssigned),
  TasksUnassigned: first(work.TasksUnassigned),
  TasksRemoved: first(work.TasksRemoved),
  OutgoingRegistered: { schema: work.OutgoingRegistered, upcasters: [asItIs] },
  OutgoingShardsAdded: first(work.OutgoingShardsAdded),
  OutgoingShardsRemoved: first(work.OutgoingShardsRemoved),
  OutgoingStopped: first(work.OutgoingStopped),
  BarrierSet: first(barrier.BarrierSet),
  BarrierEstablished: first(barrier.BarrierEstablished),
  BarrierLifted: first(barrier.BarrierLifted),
  BarrierRequested: first(barrier.BarrierRequested),
  BarrierWithdrawn: first(barrier.BarrierWithdrawn),
  SyncPaused: first(pause.SyncPaused),
  SyncResumed: first(pause.SyncResumed),
  OutgoingPaused: first(pause.OutgoingPaused),
  OutgoingLogReleased: first(pause.OutgoingLogReleased),
  OutgoingResumed: first(pause.OutgoingResumed),
  OutgoingEpochEnded: first(work.OutgoingEpochEnded),
  HoldBroken: first(barrier.HoldBroken),
  ServerModeWished: first(barrier.ServerModeWished),
  ServerModeRestored: first(barrier.ServerModeRestored),
  CommandRejected: first(work.CommandRejected),
  CommandRefused: first(work.CommandRefused),
  LogArchived: first(work.LogArchived),
};

export type EventType = keyof typeof vocabulary;
export type EventData<T extends EventType> = Readonly<z.infer<(typeof vocabulary)[T]['schema']>>;

/** What a decision yields: an event that has no id yet. */
export type NewEvent = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];

/** An event of the current vocabulary, in its newest version. */
export type KnownEvent = NewEvent & { readonly id: string };

/** The version in which events of a type are written now. */
export function currentVersion(type: EventType): number {
  return vocabulary[type].upcasters.length + 1;
}

/** Gives decided events their ids and versions, ready for a commit. `newId` yields ULIDs. */
export function toEvents(decided: readonly NewEvent[], newId: () => string): readonly Event[] {
  return decided.map(({ type, data }) => ({ id: newId(), type, v: currentVersion(type), data }));
}
