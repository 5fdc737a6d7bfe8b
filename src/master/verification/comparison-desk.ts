import { ApiError } from '../../wire/api-error.ts';
import type { ComparisonReport, ComparisonRequest, ComparisonResult, Comparisons } from '../../wire/comparisons.ts';
import { ChangeSignal } from '../change-signal.ts';
import type { Clock } from '../clock.ts';

interface Pending {
  readonly request: ComparisonRequest;
  readonly changed: ChangeSignal;
  result: ComparisonResult | undefined;
  /** When it last came further. */
  movedMs: number;
}

export interface CompareOptions {
  readonly clock: Clock;
  /** A comparison that comes no further for so long is given up. */
  readonly timeoutMs: number;
  /** Documents that were looked into since the last time. */
  readonly onDocuments: (count: number) => void;
  /** False once nobody could answer any more: the task is gone. */
  readonly isWanted: () => boolean;
}

/** Whether a comparison is wanted still is looked at so often. */
const LOOK_MS = 500;

/**
 * Which shards are to be compared now, and what came of it: between those who want to know and the workers, who ask for
 * all that is wanted of them and tell how it fares. Belongs to one term of one leader; whoever asked another one asks anew.
 */
export class ComparisonDesk {
  readonly #pending = new Map<string, Pending>();
  /** Tasks whose shard is being compared: a worker compares it for one request after the other. */
  readonly #tasks = new Set<string>();
  readonly #changed = new ChangeSignal();
  #term = -1;
  #version = 0;
  #ids = 0;
  #open = 0;

  /** Whether workers are to ask. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Has the workers ask until the result is called. */
  open(): () => void {
    this.#open += 1;
    let isOpen = true;
    return () => {
      if (isOpen) this.#open -= 1;
      isOpen = false;
    };
  }

  /** Another term begins: nobody is answered any more by what workers were asked before. */
  begin(term: number): void {
    this.#term = term;
    for (const { changed } of this.#pending.values()) changed.notify();
    this.#pending.clear();
    this.#tasks.clear();
    this.#moved();
  }

  /** Has a shard compared by whoever holds its task. Resolves with an end: equal, different, or why it cannot be told. */
  async compare(
    wish: Omit<ComparisonRequest, 'id'>,
    options: CompareOptions,
    signal: AbortSignal,
  ): Promise<ComparisonResult> {
    const term = this.#term;
    const { clock } = options;
    while (this.#tasks.has(wish.taskId)) {
      await this.#changed.wait((ms, stop) => clock.sleep(ms, stop), options.timeoutMs, signal);
      signal.throwIfAborted();
      this.#assertTerm(term);
    }
    this.#ids += 1;
    const request = { ...wish, id: `${term}.${this.#ids}` };
    const pending = { request, changed: new ChangeSignal(), result: undefined, movedMs: clock.monotonicMs() };
    this.#pending.set(request.id, pending);
    this.#tasks.add(wish.taskId);
    this.#moved();
    try {
      return await this.#end(pending, term, options, signal);
    } finally {
      if (this.#pending.delete(request.id)) this.#tasks.delete(wish.taskId);
      this.#moved();
    }
  }

  /** A worker tells, and learns which of the tasks that it `holds` are to be compared: when that is news, or after `waitMs`. */
  async tell(
    { after, results }: ComparisonReport,
    holds: (taskId: string) => boolean,
    waitMs: number,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<Comparisons> {
    for (const result of results) this.#take(result, holds, clock);
    const endMs = clock.monotonicMs() + waitMs;
    for (;;) {
      const version = `${this.#term}.${this.#version}`;
      const leftMs = endMs - clock.monotonicMs();
      if (version !== after || leftMs <= 0) {
        const requests = [...this.#pending.values()].map(({ request }) => request);
        return { version, requests: requests.filter(({ taskId }) => holds(taskId)) };
      }
      await this.#changed.wait((ms, stop) => clock.sleep(ms, stop), leftMs, signal);
      signal.throwIfAborted();
    }
  }

  /** What is told by a worker that lost the task meanwhile says nothing of the shard as it is now. */
  #take(result: ComparisonResult, holds: (taskId: string) => boolean, clock: Clock): void {
    const pending = this.#pending.get(result.id);
    if (pending === undefined || pending.request.taskId !== result.taskId || !holds(result.taskId)) return;
    const { result: before } = pending;
    if (isFurther(before, result)) pending.movedMs = clock.monotonicMs();
    pending.result = result;
    pending.changed.notify();
  }

  async #end(
    pending: Pending,
    term: number,
    { clock, timeoutMs, onDocuments, isWanted }: CompareOptions,
    signal: AbortSignal,
  ): Promise<ComparisonResult> {
    let documents = 0;
    for (;;) {
      this.#assertTerm(term);
      const { result, request } = pending;
      const compared = result?.compared ?? 0;
      if (compared > documents) onDocuments(compared - documents);
      documents = compared;
      if (result !== undefined && isEnd(result)) return result;
      const leftMs = pending.movedMs + timeoutMs - clock.monotonicMs();
      if (leftMs <= 0) return { ...request, state: 'untold', reason: reasonOf(result, timeoutMs) };
      if (!isWanted()) return { ...request, state: 'untold', reason: 'its task has ended meanwhile' };
      await pending.changed.wait((ms, stop) => clock.sleep(ms, stop), Math.min(leftMs, LOOK_MS), signal);
      signal.throwIfAborted();
    }
  }

  #assertTerm(term: number): void {
    if (term !== this.#term) throw new ApiError(503, 'another term has begun meanwhile; try again');
  }

  #moved(): void {
    this.#version += 1;
    this.#changed.notify();
  }
}

function isFurther(before: ComparisonResult | undefined, { state, compared, swept }: ComparisonResult): boolean {
  return before?.state !== state || before.compared !== compared || before.swept !== swept;
}

function isEnd({ state }: ComparisonResult): boolean {
  return state === 'equal' || state === 'different' || state === 'untold';
}

function reasonOf(result: ComparisonResult | undefined, timeoutMs: number): string {
  const waited = `not compared within ${timeoutMs / 1_000} s`;
  if (result?.reason !== undefined) return `${waited}: ${result.reason}`;
  if (result === undefined) return `${waited}: no worker that receives it has answered`;
  return `${waited}: ${result.state === 'repairing' ? 'it is being caught up with' : 'its source has not answered'}`;
}
