import { type ArangoDeployment, ArangoError } from '../arango.ts';
import { type BulkOutcome, sendRun } from './bulk-request.ts';
import { type BulkResult, isWaitedOut, sortByFailure } from './bulk-result.ts';
import { DeferredDocuments } from './deferred.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { type ErrorMeaning, leavesDoubt } from './error-meaning.ts';
import { ShardFailed, TargetChanged } from './failures.ts';
import type { Gate } from './gate.ts';
import type { Operation } from './lines.ts';
import { Retry } from './retry.ts';
import { lastPerKey, type Run, runsOf } from './runs.ts';
import { type ShardTarget, shardLabel } from './shard-target.ts';
import { storedRevision } from './stored-revision.ts';

export interface WriterOptions {
  readonly deployment: ArangoDeployment;
  readonly target: ShardTarget;
  /** Shared by all shards of the worker. */
  readonly gate: Gate;
  readonly environment: Environment;
  readonly limits: TargetLimits;
  /** What the writer is waiting for, undefined when it goes on: for the shard's report. */
  readonly onWait: (reason: string | undefined) => void;
  /** Resolves when it is recorded that an old write of the shard may still land (S4). */
  readonly onDoubt: (reason: string) => Promise<void>;
}

/** How long the answer to a write that is on its way is waited for when the writer has to stop. */
const ANSWER_GRACE_MS = 3_000;

/** What a run leaves to do: runs in order, after a pause when one is set. */
interface Remainder {
  readonly runs: readonly Run[];
  readonly pause?: { readonly meaning: ErrorMeaning; readonly text: string };
}

const NOTHING: Remainder = { runs: [] };

/**
 * Writes the operations of one shard, in order, until they are answered: what fails for a time is repeated, what a unique
 * index refuses is held back ({@link DeferredDocuments}), and the rest throws {@link ShardFailed} naming the document.
 * Every write can be repeated: an unknown outcome is settled by sending the same again.
 *
 * What was sent without an answer may land later all the same, behind what is written meanwhile: that is recorded before
 * the writer returns, or throws, so that neither a checkpoint nor another writer comes first (S4).
 *
 * Invariant: when {@link apply} returns, the shard holds what it would hold had each operation been done by itself in
 * order, except for the keys in `deferred`, which it does not hold at all.
 */
export class ShardWriter {
  readonly deferred = new DeferredDocuments();
  readonly #options: WriterOptions;
  /** Whether operations on different keys must keep their order. */
  #exactOrder: boolean;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#exactOrder = options.target.uniqueIndexes || !options.target.shardedByKey;
  }

  async apply(operations: readonly Operation[], signal: AbortSignal): Promise<void> {
    const wanted = this.#exactOrder ? operations : lastPerKey(operations);
    for (const run of runsOf(wanted, this.#options.limits)) await this.#write(run, signal);
    await this.retryDeferred(signal);
  }

  /** Removes exactly these documents; one that is gone or has another revision by now is spared, and that is success. */
  async removeExactly(operations: readonly Operation[], signal: AbortSignal): Promise<void> {
    for (const run of runsOf(operations, this.#options.limits)) await this.#write({ ...run, cleanup: 'exact' }, signal);
  }

  /** Tries what a unique index refused again, as long as that brings something. */
  async retryDeferred(signal: AbortSignal): Promise<void> {
    for (let before = Infinity; this.deferred.size > 0 && this.deferred.size < before; ) {
      before = this.deferred.size;
      for (const run of runsOf(this.deferred.operations, this.#options.limits)) await this.#write(run, signal);
    }
  }

  async #write(first: Run, signal: AbortSignal): Promise<void> {
    const doubts: string[] = [];
    try {
      await this.#writeAll(first, doubts, signal);
    } catch (error) {
      // Whoever is told keeps what cannot be recorded now.
      if (doubts[0] !== undefined) await this.#options.onDoubt(doubts[0]).catch(() => undefined);
      throw error;
    }
    if (doubts[0] !== undefined) await this.#options.onDoubt(doubts[0]);
  }

  async #writeAll(first: Run, doubts: string[], signal: AbortSignal): Promise<void> {
    const { gate } = this.#options;
    const retry = new Retry(this.#options.environment);
    const queue: Run[] = [first];
    for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
      const current = run;
      const outcome = await gate.within(signal, () => this.#send(current, doubts, signal));
      signal.throwIfAborted();
      const { runs, pause } = await this.#remainder(current, outcome, signal);
      if (pause === undefined) retry.progressed();
      else await this.#wait(retry, pause.meaning, pause.text, signal);
      queue.unshift(...runs);
    }
  }

  /** What is on its way is not called off at once: without its answer nobody knows what becomes of it. */
  async #send(run: Run, doubts: string[], signal: AbortSignal): Promise<BulkOutcome> {
    const { deployment, target, environment } = this.#options;
    const [givenUp, answered] = [new AbortController(), new AbortController()];
    const giveUpLater = () => {
      const giveUp = () => givenUp.abort(signal.reason);
      environment.sleep(ANSWER_GRACE_MS, answered.signal).then(giveUp, giveUp);
    };
    signal.addEventListener('abort', giveUpLater, { once: true });
    try {
      const outcome = await sendRun(deployment.front, target, run, givenUp.signal);
      doubts.push(...doubtsIn(outcome));
      return outcome;
    } catch (error) {
      doubts.push('a write was given up before it was answered');
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUpLater);
      answered.abort();
    }
  }

  async #wait(retry: Retry, meaning: ErrorMeaning, text: string, signal: AbortSignal): Promise<void> {
    const ms = retry.next(meaning);
    if (ms === undefined) throw new ShardFailed(`${this.#label}: gave up repeating: ${text}. ${adviceOn(meaning)}`);
    this.#options.onWait(text);
    await this.#options.environment.sleep(ms, signal);
    signal.throwIfAborted();
    this.#options.onWait(undefined);
  }

  async #remainder(run: Run, outcome: BulkOutcome, signal: AbortSignal): Promise<Remainder> {
    if (outcome.kind === 'refused') return this.#afterRefusal(run, outcome.meaning, outcome.error);
    const result = sortByFailure(run, outcome.failures, this.#exactOrder);
    if (result.refused !== undefined) {
      const { operation, failure } = result.refused;
      throw this.#refusal(operation, `error ${failure.errorNum}, ${failure.message}`, failure.meaning);
    }
    if (run.cleanup === undefined) for (const { key } of result.done) this.deferred.forget(key);
    return this.#afterItems(run, result, signal);
  }

  /** The request failed as a whole: again, or in halves to find the document that it is about. */
  #afterRefusal(run: Run, meaning: ErrorMeaning, error: Error): Remainder {
    if (meaning === 'gone') throw new TargetChanged(`${this.#label}: ${error.message}`);
    if (isWaitedOut(meaning)) return { runs: [run], pause: { meaning, text: error.message } };
    const half = Math.ceil(run.operations.length / 2);
    if (half === run.operations.length) throw this.#refusal(run.operations[0], error.message, meaning);
    const halves = [run.operations.slice(0, half), run.operations.slice(half)];
    return { runs: halves.map((operations) => ({ ...run, operations })) };
  }

  async #afterItems(run: Run, result: BulkResult, signal: AbortSignal): Promise<Remainder> {
    for (const operation of result.unique) this.#hold(operation);
    for (const operation of result.moved) await this.#evictMoved(operation, signal);
    const again = [...result.again];
    for (const operation of result.doubtful) if (await this.#stillHolds(operation, signal)) again.push(operation);
    const runs = [...this.#evictions(result.unique)];
    if (again.length === 0) return runs.length === 0 ? NOTHING : { runs };
    runs.push({ ...run, operations: again });
    const { pause } = result;
    if (pause !== undefined) return { runs, pause: { meaning: pause.meaning, text: describe(pause) } };
    return { runs, pause: { meaning: 'contention', text: 'another document has to go first' } };
  }

  #hold(operation: Operation): void {
    this.deferred.hold(operation);
    this.#exactOrder = true;
    if (this.deferred.bytes <= this.#options.limits.deferredBytes) return;
    throw new ShardFailed(
      `${this.#label}: a unique index refuses ${this.deferred.size} documents (1210), the first with key ` +
        `"${this.deferred.operations[0]?.key}". ${adviceOn('unique')}`,
    );
  }

  /** What stands under a refused key is older than what is held: it goes, so that it blocks nobody. */
  #evictions(refused: readonly Operation[]): readonly Run[] {
    const operations = refused
      .filter(({ key }) => this.deferred.holds(key))
      .map(({ key, bytes }): Operation => ({ kind: 'remove', key, revision: '', bytes }));
    if (operations.length === 0 || !this.#options.target.shardedByKey) return [];
    return [{ kind: 'remove', operations, cleanup: 'evict' }];
  }

  /** A document whose shard keys changed cannot be replaced: the stored one goes first, exactly (reference 4.4). */
  async #evictMoved(operation: Operation, signal: AbortSignal): Promise<void> {
    const { deployment, target } = this.#options;
    const revision = await storedRevision(deployment, target, operation.key, signal);
    if (revision !== undefined) await this.removeExactly([{ ...operation, kind: 'remove', revision }], signal);
  }

  async #stillHolds(operation: Operation, signal: AbortSignal): Promise<boolean> {
    const { deployment, target } = this.#options;
    const revision = await storedRevision(deployment, target, operation.key, signal);
    return revision !== undefined && (operation.revision === '' || revision === operation.revision);
  }

  #refusal(operation: Operation | undefined, text: string, meaning: ErrorMeaning): ShardFailed {
    const what = `the document with key "${operation?.key}" was refused`;
    return new ShardFailed(`${this.#label}: ${what}: ${text}. ${adviceOn(meaning)}`);
  }

  get #label(): string {
    return shardLabel(this.#options.target);
  }
}

/** Why the outcome is not known; the same words for the same trouble, so that many shards make one event. */
function doubtsIn(outcome: BulkOutcome): readonly string[] {
  if (outcome.kind === 'refused') {
    if (!leavesDoubt(outcome.error)) return [];
    const { error } = outcome;
    const answer = error instanceof ArangoError ? `answered with ${error.status}/${error.errorNum}` : 'not answered';
    return [`a write was ${answer}`];
  }
  const unsure = outcome.failures.find(({ meaning }) => meaning === 'unavailable');
  return unsure === undefined ? [] : [`a write was answered with ${unsure.errorNum}`];
}

function describe(failure: { readonly errorNum: number; readonly message: string }): string {
  return `error ${failure.errorNum}, ${failure.message}`;
}

/** What an operator does about it. */
export function adviceOn(meaning: ErrorMeaning): string {
  switch (meaning) {
    case 'unique':
      return 'Compare the unique indexes of both sides; drop the one that the source does not have.';
    case 'not-writable':
      return 'Bring the missing DB-Servers of the target back, or lower the write concern.';
    case 'no-right':
      return "Check the target's JWT secret or the user's rights.";
    case 'too-large':
      return 'Raise the memory or transaction limits of the target.';
    case 'contention':
    case 'unavailable':
      return 'Check the health of the target.';
    default:
      return 'Compare the versions and the properties of the collection on both sides, then reset the shard.';
  }
}
