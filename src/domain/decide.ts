import { type KeepState, keepState } from './archive/decide.ts';
import type { Control } from './control.ts';
import type { Context, Decision } from './decision.ts';
import {
  type CreateWorkerCa,
  createWorkerCa,
  type NoteMasterCertificate,
  type NoteReencryption,
  type NoteWorkerCertificate,
  noteMasterCertificate,
  noteReencryption,
  noteWorkerCertificate,
  type RotateSecret,
  rotateSecret,
} from './keys/decide.ts';
import { type ClaimLeadership, claimLeadership, type ResignLeadership, resignLeadership } from './leadership/decide.ts';
import { type RegisterMaster, type RemoveMaster, registerMaster, removeMaster } from './masters/decide.ts';
import {
  type EstablishBarrier,
  establishBarrier,
  type LiftBarrier,
  liftBarrier,
  type SetBarrier,
  setBarrier,
} from './outgoing/barrier.ts';
import {
  type RegisterOutgoing,
  registerOutgoing,
  type SetOutgoingShards,
  type StopOutgoing,
  setOutgoingShards,
  stopOutgoing,
} from './outgoing/decide.ts';
import { type ReleaseLog, releaseLog } from './outgoing/pause.ts';
import { type RecordRejection, recordRejection } from './rejections/decide.ts';
import {
  type BreakHold,
  breakHold,
  type NoteModeRestored,
  noteModeRestored,
  type WishServerMode,
  wishServerMode,
} from './server-mode/decide.ts';
import {
  type BoundReplicationFactor,
  boundReplicationFactor,
  type SetMessageTimeout,
  type SetRootUserExclusion,
  setMessageTimeout,
  setRootUserExclusion,
} from './settings/decide.ts';
import { type SetThrottle, setThrottle } from './settings/throttle.ts';
import { type ReportShards, reportShards } from './shards/report.ts';
import { type ResetShards, resetShards } from './shards/reset.ts';
import { type SettleSuspicions, type SuspectShards, settleSuspicions, suspectShards } from './suspects/decide.ts';
import { type ConfigureSync, configureSync } from './synchronization/configure.ts';
import { type IdentifySource, identifySource } from './synchronization/identify.ts';
import {
  type BeginEpoch,
  beginEpoch,
  type CancelSync,
  cancelSync,
  type FailSync,
  type FinishCancellation,
  failSync,
  finishCancellation,
  type SettleTarget,
  settleTarget,
  type WithdrawCancellation,
  withdrawCancellation,
} from './synchronization/lifecycle.ts';
import {
  type NoteBarrier,
  noteBarrier,
  type PauseSync,
  pauseSync,
  type ResumeSync,
  resumeSync,
  type WithdrawBarrier,
  withdrawBarrier,
} from './synchronization/pause.ts';
import { type ConfirmDrops, confirmDrops, type ReportStructure, reportStructure } from './synchronization/structure.ts';
import { type AssignTasks, assignTasks } from './tasks/assign.ts';
import { type ReconcileTasks, reconcileTasks, wantedTasks } from './tasks/wanted.ts';
import {
  type CompleteVerification,
  completeVerification,
  type NoteDifferences,
  noteDifferences,
  type SettleDifferences,
  settleDifferences,
} from './verification/decide.ts';
import {
  type DrainWorker,
  drainWorker,
  type RegisterWorker,
  type RemoveWorker,
  registerWorker,
  removeWorker,
} from './workers/decide.ts';

/** Everything that can be asked of the leader, by operators, workers, the other datacenter, or its own reconcilers. */
export type Command =
  | ClaimLeadership
  | ResignLeadership
  | RegisterMaster
  | RemoveMaster
  | RegisterWorker
  | DrainWorker
  | RemoveWorker
  | RotateSecret
  | NoteReencryption
  | CreateWorkerCa
  | NoteWorkerCertificate
  | NoteMasterCertificate
  | SetMessageTimeout
  | BoundReplicationFactor
  | SetRootUserExclusion
  | SetThrottle
  | ConfigureSync
  | IdentifySource
  | BeginEpoch
  | SettleTarget
  | CancelSync
  | FinishCancellation
  | WithdrawCancellation
  | FailSync
  | PauseSync
  | ResumeSync
  | NoteBarrier
  | WithdrawBarrier
  | ReportStructure
  | ConfirmDrops
  | ReportShards
  | ResetShards
  | SuspectShards
  | SettleSuspicions
  | NoteDifferences
  | SettleDifferences
  | CompleteVerification
  | RegisterOutgoing
  | SetOutgoingShards
  | StopOutgoing
  | ReleaseLog
  | SetBarrier
  | EstablishBarrier
  | LiftBarrier
  | BreakHold
  | WishServerMode
  | NoteModeRestored
  | RecordRejection
  | KeepState
  | ReconcileTasks
  | AssignTasks;

/**
 * What a command leads to. Pure: the same arguments give the same decision. Hands the command to the decider of its
 * aggregate, with the states that this one looks at.
 */
export function decide(control: Control, command: Command, context: Context): Decision {
  const { leadership, masters, workers, settings, synchronization, shards, suspects, verification } = control;
  const { outgoing, endedEpochs, tasks, serverMode, keys } = control;
  switch (command.kind) {
    case 'claim-leadership':
      return claimLeadership(leadership, command);
    case 'resign-leadership':
      return resignLeadership(leadership, command);
    case 'register-master':
      return registerMaster(masters, command);
    case 'remove-master':
      return removeMaster(masters, command);
    case 'register-worker':
      return registerWorker(workers, { tasks, shards, synchronization }, command);
    case 'drain-worker':
      return drainWorker(workers, tasks, command);
    case 'remove-worker':
      return removeWorker(workers, { tasks, shards, synchronization }, command);
    case 'rotate-secret':
      return rotateSecret(keys, masters, workers, command);
    case 'note-reencryption':
      return noteReencryption(keys, command);
    case 'create-worker-ca':
      return createWorkerCa(keys, command);
    case 'note-worker-certificate':
      return noteWorkerCertificate(command);
    case 'note-master-certificate':
      return noteMasterCertificate(command);
    case 'set-message-timeout':
      return setMessageTimeout(settings, command);
    case 'bound-replication-factor':
      return boundReplicationFactor(settings, command);
    case 'set-root-user-exclusion':
      return setRootUserExclusion(settings, command);
    case 'set-throttle':
      return setThrottle(settings, command);
    case 'configure-sync':
      return configureSync(synchronization, { outgoing, serverMode }, command, context);
    case 'identify-source':
      return identifySource(synchronization, command);
    case 'begin-epoch':
      return beginEpoch(synchronization, command, context);
    case 'settle-target':
      return settleTarget(synchronization, command);
    case 'cancel-sync':
      return cancelSync(synchronization, command);
    case 'finish-cancellation':
      return finishCancellation(synchronization, command);
    case 'withdraw-cancellation':
      return withdrawCancellation(synchronization, command);
    case 'fail-sync':
      return failSync(synchronization, command);
    case 'pause-sync':
      return pauseSync(synchronization, command);
    case 'resume-sync':
      return resumeSync(synchronization);
    case 'note-barrier':
      return noteBarrier(synchronization, command);
    case 'withdraw-barrier':
      return withdrawBarrier(synchronization);
    case 'report-structure':
      return reportStructure(synchronization, shards, command, context);
    case 'confirm-drops':
      return confirmDrops(synchronization, command);
    case 'report-shards':
      return reportShards(shards, outgoing, tasks, command);
    case 'reset-shards':
      return resetShards(synchronization, shards, command, context);
    case 'suspect-shards':
      return suspectShards(synchronization, command);
    case 'settle-suspicions':
      return settleSuspicions(suspects, command);
    case 'note-differences':
      return noteDifferences(synchronization, shards, verification, command);
    case 'settle-differences':
      return settleDifferences(verification, command);
    case 'complete-verification':
      return completeVerification(synchronization, command);
    case 'register-outgoing':
      return registerOutgoing(outgoing, endedEpochs, command);
    case 'set-outgoing-shards':
      return setOutgoingShards(outgoing, command);
    case 'stop-outgoing':
      return stopOutgoing(outgoing, endedEpochs, command);
    case 'release-log':
      return releaseLog(outgoing, command);
    case 'set-barrier':
      return setBarrier(outgoing, command, context);
    case 'establish-barrier':
      return establishBarrier(outgoing, command, context);
    case 'lift-barrier':
      return liftBarrier(outgoing, command);
    case 'break-hold':
      return breakHold(serverMode, command);
    case 'wish-server-mode':
      return wishServerMode(serverMode, command);
    case 'note-mode-restored':
      return noteModeRestored(serverMode, synchronization, outgoing);
    case 'record-rejection':
      return recordRejection(command);
    case 'keep-state':
      return keepState(command);
    case 'reconcile-tasks':
      return reconcileTasks(tasks, wantedTasks(synchronization, shards, outgoing), context);
    case 'assign-tasks':
      return assignTasks(tasks, workers, command);
  }
}
