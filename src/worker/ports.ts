import type { ComparisonReport, ComparisonRequest, ComparisonResult, Comparisons } from '../wire/comparisons.ts';
import type { ShardRef } from '../wire/shards.ts';
import type { WorkerThrottle } from '../wire/throttle.ts';
import type {
  ShardReport,
  StructureReport,
  WorkerConfiguration,
  WorkerInstructions,
  WorkerRegistered,
  WorkerRegistration,
  WorkerReport,
  WorkerTask,
} from '../wire/worker.ts';

/**
 * The masters of the worker's own datacenter; whichever is asked, its leader answers. Adapter:
 * `adapters/worker-masters.ts`. Every call may be repeated. All throw when no master gives an answer that stays, and
 * {@link WorkerUnknown} when the leader does not know this worker (any more).
 */
export interface Masters {
  /** `renew`: the certificate takes the place of one that we have. */
  configure(endpoint: string, signal: AbortSignal, renew?: boolean): Promise<WorkerConfiguration>;
  register(registration: WorkerRegistration, signal: AbortSignal): Promise<WorkerRegistered>;
  /**
   * What to do. Answers when that is no longer `after`, or after `waitMs` unchanged. Asking with `after` confirms that
   * everything which that version does not list has stopped.
   */
  instructions(
    workerId: string,
    after: string | undefined,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<WorkerInstructions>;
  report(workerId: string, report: WorkerReport, signal: AbortSignal): Promise<void>;
  structure(report: StructureReport, signal: AbortSignal): Promise<void>;
  /** Tells what comparisons came to; which are wanted now, once that is no longer `after`, or after `waitMs`. */
  comparisons(workerId: string, report: ComparisonReport, waitMs: number, signal: AbortSignal): Promise<Comparisons>;
  /** We are about to end: the leader takes our tasks, and gives them to others once we let them go. */
  drain(workerId: string, signal: AbortSignal): Promise<void>;
  deregister(workerId: string, signal: AbortSignal): Promise<void>;
}

/** The leader does not know this worker: its lease has ended there, and its tasks are others'. */
export class WorkerUnknown extends Error {
  override readonly name = 'WorkerUnknown';
}

/** A master refused for good (4xx); repeating the same cannot help. */
export class MasterRefused extends Error {
  override readonly name = 'MasterRefused';
}

/** What a worker runs for sending: all `send-*` tasks. */
export interface SourceRole {
  /** The whole list; resolves when what is no longer listed has stopped. */
  setTasks(tasks: readonly WorkerTask[]): void | Promise<void>;
  /** This worker's part of the limits, from now on. */
  setThrottle(limits: WorkerThrottle): void;
  reports(): readonly ShardReport[];
  stop(): Promise<void>;
}

/** What a worker runs for receiving one synchronization: all `receive-*` tasks of one epoch. */
export interface TargetRole {
  /** Instructions with `incoming`, of the same epoch as before; resolves when what is no longer listed has stopped. */
  setInstructions(instructions: WorkerInstructions): void | Promise<void>;
  reports(): readonly ShardReport[];
  /** Shards that are to be held against the source now, and no others. */
  setComparisons(requests: readonly ComparisonRequest[]): void;
  /** How those fare. */
  comparisons(): readonly ComparisonResult[];
  /** Writes down how far it came, and writes nothing after it has resolved. */
  stop(): Promise<void>;
}

/** Tells that writes to a shard of the target may land later. */
export type TellDoubt = (shard: ShardRef, reason: string) => Promise<void>;

export interface Roles {
  source(): SourceRole;
  /**
   * `structure` resolves when the leader has taken the report, `doubt` when the log has that writes to a shard were sent
   * whose outcome is unknown (S4); it rejects when the lease ends, and then the doubt is told in the next one.
   */
  target(structure: (report: StructureReport) => Promise<void>, doubt: TellDoubt): TargetRole;
}
