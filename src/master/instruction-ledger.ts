import type { Task } from '../domain/tasks/state.ts';

/** No version that a worker could confirm. */
const INHERITED = '';

interface Sent {
  readonly version: string;
  readonly taskIds: ReadonlySet<string>;
}

/** Instructions sent and not yet confirmed, per worker; a worker that never confirms is expired long before. */
const sentPerWorkerMax = 64;

/**
 * Which tasks each worker may be running: those of the newest instructions that it confirmed, and of all that were sent
 * since. A worker confirms a version by asking for what comes after it. A task that was taken from a worker is given on
 * only when no other worker may be running it (S12).
 */
export class InstructionLedger {
  readonly #sent = new Map<string, Sent[]>();
  /** Workers that confirmed something of ours: what they had from a leader before is done with. */
  readonly #confirmed = new Set<string>();
  /** Workers of the leader before that have not: they may run what is not in the log any more. */
  readonly #strangers = new Set<string>();

  /** The worker was sent these instructions. */
  sent(workerId: string, version: string, taskIds: Iterable<string>): void {
    const list = this.#sent.get(workerId) ?? [];
    if (list.at(-1)?.version === version) return;
    list.push({ version, taskIds: new Set(taskIds) });
    const tooMany = list.length - sentPerWorkerMax;
    // What falls out is merged into the next, so that nothing is forgotten that may still run.
    if (tooMany > 0) list.splice(0, tooMany + 1, merge(list.slice(0, tooMany + 1)));
    this.#sent.set(workerId, list);
  }

  /** The worker asked for what comes after `version`: what was sent before it is done with. True when that may free a task. */
  confirmed(workerId: string, version: string): boolean {
    const list = this.#sent.get(workerId) ?? [];
    const index = list.findLastIndex((sent) => sent.version === version);
    if (index < 0) return false;
    const isFirst = !this.#confirmed.has(workerId);
    this.#confirmed.add(workerId);
    this.#strangers.delete(workerId);
    const before = this.mayRun(workerId);
    list.splice(0, index);
    const after = this.mayRun(workerId);
    return isFirst || [...before].some((taskId) => !after.has(taskId));
  }

  /** Tasks that the worker may be running. */
  mayRun(workerId: string): ReadonlySet<string> {
    const list = this.#sent.get(workerId) ?? [];
    return list.length === 0 ? new Set() : merge(list).taskIds;
  }

  /** Tasks that some worker may be running. */
  mayRunAnywhere(): ReadonlySet<string> {
    return new Set([...this.#sent.keys()].flatMap((workerId) => [...this.mayRun(workerId)]));
  }

  /** Whether some of these workers has not confirmed anything of this leader yet: what it runs is not known. */
  hasUnknown(workerIds: Iterable<string>): boolean {
    return [...workerIds].some((workerId) => !this.#confirmed.has(workerId));
  }

  /** Whether a worker of the leader before lives on by an answer of ours, and has not confirmed it: nobody knows what it runs. */
  get hasStranger(): boolean {
    const isSent = ({ version }: Sent) => version !== INHERITED;
    return [...this.#strangers].some((workerId) => this.#sent.get(workerId)?.some(isSent));
  }

  /** Workers that may be running something. */
  workerIds(): string[] {
    return [...this.#sent.keys()];
  }

  /** The worker is gone for certain, or its lease ended: it runs nothing. */
  forget(workerId: string): void {
    this.#sent.delete(workerId);
    this.#confirmed.delete(workerId);
    this.#strangers.delete(workerId);
  }

  /** Begins anew, with what the leader before has given out: a worker runs it until it confirms something of ours. */
  inherit(tasks: Iterable<Pick<Task, 'taskId' | 'workerId'>>, workerIds: Iterable<string>): void {
    this.#sent.clear();
    this.#confirmed.clear();
    this.#strangers.clear();
    for (const workerId of workerIds) this.#strangers.add(workerId);
    const byWorker = new Map<string, Set<string>>();
    for (const { taskId, workerId } of tasks) {
      if (workerId === null) continue;
      byWorker.set(workerId, (byWorker.get(workerId) ?? new Set()).add(taskId));
    }
    for (const [workerId, taskIds] of byWorker) this.#sent.set(workerId, [{ version: INHERITED, taskIds }]);
  }
}

function merge(list: readonly Sent[]): Sent {
  const version = list.at(-1)?.version ?? '';
  return { version, taskIds: new Set(list.flatMap(({ taskIds }) => [...taskIds])) };
}
