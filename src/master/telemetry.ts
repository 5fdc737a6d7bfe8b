import type { ShardReport } from '../wire/worker.ts';

/**
 * What workers last said of their tasks: delays, times, counters. Held in the leader's memory only; a new leader knows
 * nothing until the next report, and says so by leaving it out.
 */
export class Telemetry {
  readonly #byTask = new Map<string, ShardReport>();

  record(reports: readonly ShardReport[]): void {
    for (const report of reports) this.#byTask.set(report.taskId, report);
  }

  of(taskId: string): ShardReport | undefined {
    return this.#byTask.get(taskId);
  }

  /** Forgets tasks that are gone. */
  keepOnly(taskIds: { has(taskId: string): boolean }): void {
    for (const taskId of this.#byTask.keys()) if (!taskIds.has(taskId)) this.#byTask.delete(taskId);
  }

  clear(): void {
    this.#byTask.clear();
  }
}
