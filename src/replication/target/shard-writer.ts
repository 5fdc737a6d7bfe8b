import { type ArangoDeployment, ArangoError } from '../arango.ts';
import { OVER } from '../over.ts';
import type { Cost, Throttle, Urgency } from '../throttle/throttle.ts';
import { adviceOn } from './advice.ts';
import { type BulkOutcome, isExact, sendRun } from './bulk-request.ts';
import { type BulkResult, isWaitedOut, sortByFailure } from './bulk-result.ts';
import { DeferredDocuments, type SharedBytes } from './deferred.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { type ErrorMeaning, leavesDoubt } from './error-meaning.ts';
import { ShardFailed, TargetChanged, uniqueRefusal } from './failures.ts';
import type { Gate } from './gate.ts';
import type { Operation } from './lines.ts';
import { OwnRemovals } from './own-removals.ts';
import { Retry } from './retry.ts';
import { lastPerKey, type Run, type RunLimits, runsOf } from './runs.ts';
import { type ShardTarget, shardLabel } from './shard-target.ts';

export interface WriterOptions {
  readonly deployment: ArangoDeployment;
  readonly target: ShardTarget;
  /** Shared by all shards of the worker. */
  readonly gate: Gate;
  /** What all shards of the worker hold back because of unique indexes. */
  readonly held: SharedBytes;
  /** Of writes, shared as well. */
  readonly throttle: Throttle;
  /** Whether what is written now belongs to the log or to a catch-up. */
  readonly urgency: () => Urgency;
  readonly environment: Environment;
  readonly limits: TargetLimits;
  /** What the writer is waiting for, undefined when it goes on: for the shard's report. */
  readonly onWait: (reason: string | undefined) => void;
  /** Resolves when it is recorded that an old write of the shard may still land (S4). */
  readonly onDoubt: (reason: string) => Promise<void>;
}

/** Another revision than the demanded one, or a lock that was not given (reference 1.4). */
const CONFLICT = 1200;
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
  readonly deferred: DeferredDocuments;
  readonly #options: WriterOptions;
  readonly #own: OwnRemovals;
  /** Whether operations on different keys must keep their order. */
  #exactOrder: boolean;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.deferred = new DeferredDocuments(options.held);
    this.#own = new OwnRemovals(options.deployment, options.target, this.deferred);
    this.#exactOrder = options.target.uniqueIndexes || !options.target.shardedByKey;
  }

  /** `onWritten` is told of each piece of it. */
  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
    onWritten: (written: Cost) => void = () => undefined,
  ): Promise<void> {
    const wanted = this.#exactOrder ? operations : lastPerKey(operations);
    for (const run of runsOf(wanted, this.#runLimits)) {
      await this.#write(run, signal);
      onWritten(costOf(run));
    }
    await this.retryDeferred(signal);
  }

  /** Removes exactly these documents; one that is gone or has another revision by now is spared, and that is success. */
  async removeExactly(operations: readonly Operation[], signal: AbortSignal): Promise<void> {
    for (const run of runsOf(operations, this.#runLimits)) await this.#write({ ...run, cleanup: 'exact' }, signal);
  }

  /** Writes documents under keys that have none; what stands under the others stays. */
  async insertAbsent(operations: readonly Operation[], signal: AbortSignal): Promise<void> {
    for (const run of runsOf(operations, this.#runLimits)) await this.#write({ ...run, onlyAbsent: true }, signal);
  }

  /** Tries what a unique index refused again, as long as that brings something. */
  async retryDeferred(signal: AbortSignal): Promise<void> {
    for (let before = Infinity; this.deferred.size > 0 && this.deferred.size < before; ) {
      before = this.deferred.size;
      const isFilling = ({ key }: Operation) => this.deferred.isFilling(key);
      const { operations } = this.deferred;
      const replacing = operations.filter((operation) => !isFilling(operation));
      for (const run of runsOf(replacing, this.#runLimits)) await this.#write(run, signal);
      await this.insertAbsent(operations.filter(isFilling), signal);
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

  /** Smaller under a limit: one write is not to be felt as a pause by the others. */
  get #runLimits(): RunLimits {
    const { throttle, limits } = this.#options;
    return {
      writeBytes: throttle.pieceBytes(limits.writeBytes),
      writeDocuments: throttle.pieceOperations(limits.writeDocuments),
    };
  }

  async #writeAll(first: Run, doubts: string[], signal: AbortSignal): Promise<void> {
    const { gate, throttle, urgency } = this.#options;
    const retry = new Retry(this.#options.environment);
    const queue: Run[] = [first];
    for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
      const current = run;
      const named = await this.#own.named(current, signal);
      if (named.operations.length === 0) continue;
      // Before the gate: who is held back by the limit keeps nobody from writing.
      if (throttle.isLimited) await throttle.pass(costOf(named), urgency(), signal);
      const outcome = await gate.within(signal, () => this.#send(named, doubts, signal));
      signal.throwIfAborted();
      const { runs, pause } = await this.#remainder(named, outcome, signal);
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
      answered.abort(OVER);
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
    if (run.cleanup === undefined && this.deferred.size > 0) {
      for (const { key } of result.done) this.deferred.forget(key);
    }
    return this.#afterItems(run, result, signal);
  }

  /** The request failed as a whole: again, or in halves to find the document that it is about. */
  #afterRefusal(run: Run, meaning: ErrorMeaning, error: Error): Remainder {
    if (meaning === 'gone') throw new TargetChanged(`${this.#label}: ${error.message}`);
    if (isWaitedOut(meaning)) return { runs: [run], pause: { meaning, text: error.message } };
    if (run.operations.length <= 1) throw this.#refusal(run.operations[0], error.message, meaning);
    return { runs: halvesOf(run) };
  }

  async #afterItems(run: Run, result: BulkResult, signal: AbortSignal): Promise<Remainder> {
    for (const operation of result.unique) this.#hold(operation, run.onlyAbsent === true);
    await this.removeExactly(await this.#own.stored(result.moved, signal), signal);
    await this.removeExactly(await this.#own.older(result.spared, signal), signal);
    const again = [
      ...(await this.#stillToDo(run, result, signal)),
      ...(await this.#own.left(run, result.doubtful, signal)),
    ];
    // Under a key that had nothing stands at most what another stream has written meanwhile.
    const runs = run.onlyAbsent === true ? [] : [...(await this.#evictions(result.unique, signal))];
    if (again.length === 0) return runs.length === 0 ? NOTHING : { runs };
    const rest = { ...run, operations: again };
    runs.push(...(result.isTooLarge ? halvesOf(rest) : [rest]));
    const { pause } = result;
    if (pause === undefined && result.isTooLarge) return { runs };
    if (pause !== undefined) return { runs, pause: { meaning: pause.meaning, text: describe(pause) } };
    return { runs, pause: { meaning: 'contention', text: 'another document has to go first' } };
  }

  /** Not every version says by its words that a demanded revision is not there any more: then the shard is asked. */
  async #stillToDo(run: Run, { again, pause }: BulkResult, signal: AbortSignal): Promise<readonly Operation[]> {
    if (!isExact(this.#options.target, run) || pause?.errorNum !== CONFLICT) return again;
    return this.#own.left(run, again, signal);
  }

  #hold(operation: Operation, isFilling: boolean): void {
    this.deferred.hold(operation, isFilling);
    this.#exactOrder = true;
    const { limits, held, target } = this.#options;
    if (this.deferred.bytes <= limits.deferredBytes && held.bytes <= limits.deferredBytesInAll) return;
    throw uniqueRefusal(target, this.deferred);
  }

  /** What stands under a refused key is older than what is held, or comes again: it goes, so that it blocks nobody. */
  async #evictions(refused: readonly Operation[], signal: AbortSignal): Promise<readonly Run[]> {
    const held = refused.filter(({ key }) => this.deferred.holds(key));
    if (!this.#options.target.shardedByKey) {
      await this.removeExactly(await this.#own.stored(held, signal), signal);
      return [];
    }
    const operations = held.map(({ key, bytes }): Operation => ({ kind: 'remove', key, revision: '', bytes }));
    return operations.length === 0 ? [] : [{ kind: 'remove', operations, cleanup: 'evict' }];
  }

  #refusal(operation: Operation | undefined, text: string, meaning: ErrorMeaning): ShardFailed {
    const what = `the document with key "${operation?.key}" was refused`;
    return new ShardFailed(`${this.#label}: ${what}: ${text}. ${adviceOn(meaning)}`);
  }

  get #label(): string {
    return shardLabel(this.#options.target);
  }
}

function halvesOf(run: Run): readonly Run[] {
  const half = Math.ceil(run.operations.length / 2);
  const halves = [run.operations.slice(0, half), run.operations.slice(half)];
  return halves.filter(({ length }) => length > 0).map((operations) => ({ ...run, operations }));
}

function costOf({ operations }: Run): Cost {
  return { bytes: operations.reduce((sum, { bytes }) => sum + bytes.length, 0), operations: operations.length };
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
