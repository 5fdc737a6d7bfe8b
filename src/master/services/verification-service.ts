import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import type { CheckFinding, CheckLine, CheckRequest } from '../../wire/check.ts';
import type { ComparisonReport, Comparisons } from '../../wire/comparisons.ts';
import { toMilliseconds } from '../../wire/durations.ts';
import type { Core } from '../reconcile/core.ts';
import { CheckRun, type RunOptions } from '../verification/check-run.ts';
import { compareRest, withoutKnown } from '../verification/compare-rest.ts';
import { differencesOf } from '../verification/compare-structure.ts';
import type { ChecksumService } from './checksum-service.ts';

const timeoutMsDefault = 60_000;
/** Progress is told at least so often: whoever waits sees that it goes on. */
const tellMs = 1_000;
/** A difference of structure is looked at again: a new collection takes a few seconds to the target. */
const structureAgainMs = 1_000;
/** The longest that a worker's request is held. */
const holdMsMax = 10_000;

type Tell = (line: CheckLine) => Promise<void>;

/** Holds this target against its source when an operator asks, and stands between that and the workers. */
export class VerificationService {
  readonly #core: Core;
  readonly #checksums: ChecksumService;

  constructor(core: Core, checksums: ChecksumService) {
    this.#core = core;
    this.#checksums = checksums;
  }

  /** Tells what it finds while it finds it. What it has not told when it breaks off was not compared. */
  async check(request: CheckRequest, caller: Caller, tell: Tell, signal: AbortSignal): Promise<void> {
    this.#assertFollows(request);
    const run = new CheckRun(this.#core, this.#checksums, optionsOf(request, caller));
    const progress = (after: string | undefined) =>
      tell({
        line: 'progress',
        ...run.counts,
        documents: run.documents,
        ...(after === undefined ? {} : { after }),
      });
    await progress(request.after);
    const rest = compareRest(this.#core, request, optionsOf(request).timeoutMs, signal);
    // Its failure is met in its turn.
    rest.catch(() => undefined);
    const structure = await this.#structure(request, signal);
    let after = request.after;
    for await (const page of this.#withTicks(run.pages(signal), signal)) {
      for (const finding of page?.findings ?? []) await tell({ line: 'finding', finding });
      after = page?.after ?? after;
      await progress(after);
    }
    const remaining = structure.length === 0 ? structure : await this.#lastingStructure(request, signal);
    const known = this.#known(request);
    for (const finding of [...known, ...remaining, ...withoutKnown(await rest, known)])
      await tell({ line: 'finding', finding });
    await tell({ line: 'result', ...run.counts });
  }

  /** What a worker found out of shards that it holds, and which it is to compare. */
  async comparisons(
    workerId: string,
    report: ComparisonReport,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Comparisons> {
    const { control, desk, memory, ports } = this.#core;
    desk.assertLeads();
    if (!control.state.workers.byId.has(workerId)) throw new ApiError(404, `worker ${workerId} is not registered`);
    const holds = (taskId: string) => control.state.tasks.get(taskId)?.workerId === workerId;
    return memory.comparisons.tell(report, holds, Math.min(waitMs, holdMsMax), ports.clock, signal);
  }

  /** Nothing in between when the next one takes longer than a moment. */
  async *#withTicks<T>(values: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T | undefined> {
    const { clock } = this.#core.ports;
    try {
      for (let next = values.next(); ; ) {
        const waiting = new AbortController();
        const tick = clock.sleep(tellMs, AbortSignal.any([signal, waiting.signal])).then(() => undefined);
        const result = await Promise.race([next, tick]).finally(() => waiting.abort());
        signal.throwIfAborted();
        if (result?.done === true) return;
        yield result?.value;
        if (result !== undefined) next = values.next();
      }
    } finally {
      await values.return(undefined);
    }
  }

  async #structure({ database, collection }: CheckRequest, signal: AbortSignal): Promise<CheckFinding[]> {
    const listing = await this.#checksums.listing(signal);
    const { shards } = this.#core.control.state;
    return differencesOf(listing, (key) => shards.byKey.has(key)).filter(
      (each) =>
        (database ?? each.database) === each.database &&
        (each.collection === '' || (collection ?? each.collection) === each.collection),
    );
  }

  /** What differs only for the moment is on its way. */
  async #lastingStructure(request: CheckRequest, signal: AbortSignal): Promise<CheckFinding[]> {
    const { clock } = this.#core.ports;
    const endMs = clock.monotonicMs() + optionsOf(request).timeoutMs;
    for (;;) {
      const findings = await this.#structure(request, signal);
      if (findings.length === 0 || clock.monotonicMs() >= endMs) return findings;
      await clock.sleep(structureAgainMs, signal);
      signal.throwIfAborted();
    }
  }

  /** What the target itself says it does not replicate is a difference, too. */
  #known({ database, collection }: CheckRequest): CheckFinding[] {
    const { problems, heldDrops } = this.#core.control.state.synchronization;
    const held = heldDrops.map((path) => {
      const [first = '', ...rest] = path.split('/');
      const reason = 'gone from the source; dropping it here waits for confirmation';
      return { database: first, collection: rest.join('/'), reason };
    });
    return [...problems, ...held]
      .filter((each) => (database ?? each.database) === each.database)
      .filter((each) => (collection ?? each.collection) === each.collection)
      .map(({ reason, ...where }) => ({ ...where, result: 'different', detail: reason }));
  }

  #assertFollows({ database, collection }: CheckRequest): void {
    const { control, desk } = this.#core;
    desk.assertLeads();
    if (collection !== undefined && database === undefined) {
      throw new ApiError(400, 'bad request: collection goes with database');
    }
    const { phase, identity } = control.state.synchronization;
    if (phase !== 'active' || identity === null) {
      throw new ApiError(412, 'no synchronization is active here: ask the masters of the target');
    }
    if (database === undefined) return;
    const shards = [...control.state.shards.byKey.values()].map(({ shard }) => shard);
    const isThere = shards.some(
      (shard) => shard.database === database && (collection ?? shard.collection) === shard.collection,
    );
    if (!isThere) {
      const what = collection === undefined ? `database ${database}` : `collection ${database}/${collection}`;
      throw new ApiError(404, `nothing of ${what} is being synchronized`);
    }
  }
}

function optionsOf(
  { database, collection, after, deep = false, repair = false, timeout }: CheckRequest,
  caller?: Caller,
): RunOptions {
  return {
    by: 'check',
    ...(caller === undefined ? {} : { caller }),
    deep,
    repair,
    timeoutMs: timeout === undefined ? timeoutMsDefault : toMilliseconds(timeout),
    ...(database === undefined ? {} : { database }),
    ...(collection === undefined ? {} : { collection }),
    ...(after === undefined ? {} : { after }),
  };
}
