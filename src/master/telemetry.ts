import type { ShardReport } from '../wire/worker.ts';

interface Recorded {
  readonly report: ShardReport;
  readonly workerId: string;
  /** By the monotonic clock. */
  readonly atMs: number;
}

export interface HeardReport {
  readonly report: ShardReport;
  readonly workerId: string;
  readonly ageMs: number;
}

/**
 * What workers last said of their tasks: delays, times, counters. Held in the leader's memory only; a new leader knows
 * nothing until the next report, and says so by leaving it out.
 */
export class Telemetry {
  readonly #byTask = new Map<string, Recorded>();

  record(workerId: string, reports: readonly ShardReport[], nowMs: number): void {
    for (const report of reports) this.#byTask.set(report.taskId, { report, workerId, atMs: nowMs });
  }

  of(taskId: string): ShardReport | undefined {
    return this.#byTask.get(taskId)?.report;
  }

  /** {@link of}, with who said it and how long ago. */
  heard(taskId: string, nowMs: number): HeardReport | undefined {
    const recorded = this.#byTask.get(taskId);
    if (recorded === undefined) return undefined;
    const { report, workerId, atMs } = recorded;
    return { report, workerId, ageMs: nowMs - atMs };
  }

  /** Forgets tasks that are gone. */
  keepOnly(taskIds: { has(taskId: string): boolean }): void {
    for (const taskId of this.#byTask.keys()) if (!taskIds.has(taskId)) this.#byTask.delete(taskId);
  }

  clear(): void {
    this.#byTask.clear();
  }
}
