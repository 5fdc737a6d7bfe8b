import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import type { ShardReport, StructureReport, WorkerReport } from '../../wire/worker.ts';
import type { Core } from '../reconcile/core.ts';
import type { WorkerLending } from '../worker-lending.ts';

/** What workers tell of their work. */
export class ReportService {
  readonly #core: Core;
  readonly #lending: WorkerLending;

  constructor(core: Core, lending: WorkerLending) {
    this.#core = core;
    this.#lending = lending;
  }

  /** Transitions go into the log, in one append; the rest is kept in memory. */
  async shards(workerId: string, report: WorkerReport, signal: AbortSignal, caller?: Caller): Promise<void> {
    const { control, desk, memory, ports } = this.#core;
    desk.assertLeads();
    this.#lending.enterTerm();
    if (report.term > control.state.leadership.term) throw new ApiError(503, 'a newer leader is known; ask it');
    await this.#suspect(workerId, report, signal, caller);
    const held = report.shards.filter(({ taskId }) => control.state.tasks.get(taskId)?.workerId === workerId);
    memory.telemetry.record(workerId, held, ports.clock.monotonicMs());
    const command = { kind: 'report-shards', workerId, shards: held } as const;
    await desk.internal(command, `report of worker ${workerId}`, signal, caller);
    await this.#settle(workerId, held, signal, caller);
  }

  /**
   * Counts only from the worker that has the inventory task: one that lost it may be reporting the past. So may a report
   * that was held up on its way: one of another term has to be sent again, one that a newer one overtook is done with.
   */
  async structure(workerId: string, report: StructureReport, signal: AbortSignal, caller?: Caller): Promise<void> {
    const task = [...this.#core.control.state.tasks.values()].find(({ type }) => type === 'receive-inventory');
    if (task?.workerId !== null && task?.workerId !== workerId) {
      throw new ApiError(412, `worker ${workerId} does not have the inventory task`);
    }
    const { control, desk, memory } = this.#core;
    desk.assertLeads();
    this.#lending.enterTerm();
    const { term, sequence, reachedBarrier, ...found } = report;
    if (term !== undefined && term !== control.state.leadership.term) {
      throw new ApiError(503, 'the report was sent to a leader of another term; try again');
    }
    if (sequence !== undefined) {
      if (sequence < (memory.structureSequences.get(workerId) ?? 0)) return;
      // Before the append: one that comes meanwhile must not get in behind it. The same one may come again.
      memory.structureSequences.set(workerId, sequence);
    }
    await desk.internal({ kind: 'report-structure', ...found }, 'structure report', signal, caller);
    if (reachedBarrier === undefined || reachedBarrier === memory.structureBarrier) return;
    memory.structureBarrier = reachedBarrier;
    control.touch();
  }

  /** What the worker does not know the outcome of is in the log before it is answered: it waits for that (S4). */
  async #suspect(workerId: string, { suspected }: WorkerReport, signal: AbortSignal, caller?: Caller): Promise<void> {
    for (const { reason, shards } of suspected ?? []) {
      const command = { kind: 'suspect-shards', shards, reason } as const;
      await this.#core.desk.internal(command, `doubt of worker ${workerId}`, signal, caller);
    }
  }

  async #settle(
    workerId: string,
    reports: readonly ShardReport[],
    signal: AbortSignal,
    caller?: Caller,
  ): Promise<void> {
    const settled = reports.flatMap(({ shard, settled: one }) =>
      one === undefined ? [] : [{ shard, position: one.suspicion, how: one.how }],
    );
    if (settled.length === 0) return;
    const cause = `comparison by worker ${workerId}`;
    await this.#core.desk.internal({ kind: 'settle-suspicions', settled }, cause, signal, caller);
  }
}
