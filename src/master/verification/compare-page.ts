import { heldBackBy } from '../../domain/synchronization/receiving.ts';
import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { SettledDifference, ShardDifference, VerifiedBy } from '../../events/types/verification.ts';
import { Gate } from '../../replication/target/gate.ts';
import type { Caller } from '../../wire/caller.ts';
import type { CheckFinding } from '../../wire/check.ts';
import type { ComparisonResult, DocumentDifference } from '../../wire/comparisons.ts';
import { toNanoseconds } from '../../wire/durations.ts';
import type { Core } from '../reconcile/core.ts';
import type { ChecksumService } from '../services/checksum-service.ts';
import { tasksByShard } from '../views/shard-info.ts';

/** Between two looks at trees that were read at different moments: what is on its way has arrived mostly. */
const LOOK_AGAIN_MS = 300;
const LOOKS_MAX = 5;
/** A look that finds less than this part of the shards equal is the last. */
const WORTH_A_LOOK = 0.3;
/** A look at trees, with the structure of both sides. */
const LOOK_MS_MAX = 60_000;
/** Shards that workers compare at the same time, on behalf of one run: each reads the log alone for a moment. */
const COMPARED_AT_ONCE = 32;
const COMPARED_DEEP_AT_ONCE = 16;
/** Of those that are compared by key and content: each has the source read a snapshot, and the target as many documents. */
const COMPARED_BY_CONTENT_AT_ONCE = 8;
/** Of one finding, in words. */
const NAMED_IN_WORDS = 10;

export interface CompareOptions {
  readonly by: VerifiedBy;
  readonly caller?: Caller;
  readonly deep: boolean;
  readonly repair: boolean;
  /** For how long a shard may give no news. */
  readonly timeoutMs: number;
  readonly onDocuments: (count: number) => void;
}

/** What became of one shard. */
export type Outcome =
  | { readonly shard: ShardRef; readonly result: 'equal'; readonly finding?: never }
  | { readonly shard: ShardRef; readonly result: CheckFinding['result']; readonly finding: CheckFinding };

/**
 * Compares shards in two steps. Trees of both sides are read in groups, at whatever moments: where they are equal the
 * target holds exactly what the source held, and that is all there is to know. What differs then, or moves, is compared by
 * its worker at a place of the stream where both sides are exactly as far: only what differs there is called different,
 * and what could not be compared there is unknown.
 */
export class PageComparison {
  readonly #core: Core;
  readonly #checksums: ChecksumService;
  readonly #options: CompareOptions;
  readonly #gate: Gate;
  readonly #contentGate = new Gate(COMPARED_BY_CONTENT_AT_ONCE);
  #letGo: (() => void) | undefined;

  constructor(core: Core, checksums: ChecksumService, options: CompareOptions) {
    this.#core = core;
    this.#checksums = checksums;
    this.#options = options;
    this.#gate = new Gate(options.deep ? COMPARED_DEEP_AT_ONCE : COMPARED_AT_ONCE);
  }

  /** Nothing is compared any more: workers need not ask. */
  close(): void {
    if (this.#letGo === undefined) return;
    this.#letGo();
    this.#letGo = undefined;
    this.#core.control.touch();
  }

  /** One outcome for each shard that is received still, in no order. */
  async compare(shards: readonly ShardRef[], signal: AbortSignal): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const open = this.#options.deep ? shards : await this.#byTrees(shards, outcomes, signal);
    outcomes.push(...(await this.#byWorkers(open, false, signal)));
    const found = outcomes.flatMap(({ shard, result, finding }) =>
      result === 'different' ? [{ shard, finding }] : [],
    );
    await this.#note(found.map(differenceOf), signal);
    if (!this.#options.repair || found.length === 0) {
      await this.#settle(outcomes, signal);
      return outcomes;
    }
    const rest = outcomes.filter(({ result }) => result !== 'different');
    const repaired = await this.#repair(found, signal);
    await this.#settle([...rest, ...repaired.map(({ outcome }) => outcome)], signal, repaired);
    return [...rest, ...repaired.map(({ outcome }) => outcome)];
  }

  /** Looks at trees at least twice, and as long as that brings something; what is left moves too much, or differs. */
  async #byTrees(shards: readonly ShardRef[], outcomes: Outcome[], signal: AbortSignal): Promise<readonly ShardRef[]> {
    let open = shards;
    for (let look = 1; open.length > 0; look += 1) {
      const before = open.length;
      open = await this.#withoutEqual(open, outcomes, signal);
      const isWorthIt = look === 1 || open.length < before * (1 - WORTH_A_LOOK);
      if (open.length === 0 || look === LOOKS_MAX || !isWorthIt) break;
      await this.#core.ports.clock.sleep(LOOK_AGAIN_MS, signal);
      signal.throwIfAborted();
    }
    return open;
  }

  /** Those of which it is not certain that they are equal. A look that fails says nothing. */
  async #withoutEqual(
    shards: readonly ShardRef[],
    outcomes: Outcome[],
    signal: AbortSignal,
  ): Promise<readonly ShardRef[]> {
    if (shards.length === 0) return shards;
    const { logger } = this.#core.ports;
    try {
      const timeout = toNanoseconds(Math.min(LOOK_MS_MAX, this.#options.timeoutMs));
      const results = await this.#checksums.compare({ shards: [...shards], timeout }, signal);
      const equal = new Set(
        results.flatMap((each) =>
          'checksums' in each && each.checksums[0] === each.checksums[1] ? [shardKey(each.shard)] : [],
        ),
      );
      for (const shard of shards) if (equal.has(shardKey(shard))) outcomes.push({ shard, result: 'equal' });
      return shards.filter((shard) => !equal.has(shardKey(shard)));
    } catch (error) {
      signal.throwIfAborted();
      this.#core.desk.assertLeads();
      logger.info('trees of both sides cannot be compared in groups: workers compare them one by one', { error });
      return shards;
    }
  }

  async #byWorkers(shards: readonly ShardRef[], repair: boolean, signal: AbortSignal): Promise<Outcome[]> {
    const results = await this.#results(shards, repair, signal);
    return results.map(({ shard, result }) => outcomeOf(shard, result));
  }

  async #results(shards: readonly ShardRef[], repair: boolean, signal: AbortSignal) {
    if (shards.length === 0) return [];
    const { control } = this.#core;
    const tasks = tasksByShard(control.state.tasks, 'receive-shard');
    const found = await Promise.all(
      shards.map(async (shard) => {
        const task = tasks.get(shardKey(shard));
        const gate = this.#isByContent(task?.taskId) ? this.#contentGate : this.#gate;
        const result = await gate.within(signal, () => this.#exactly(shard, task?.taskId, repair, signal));
        return { shard, result };
      }),
    );
    // What was removed meanwhile is no shard of ours any more.
    return found.filter(({ shard }) => control.state.shards.byKey.has(shardKey(shard)));
  }

  #isByContent(taskId: string | undefined): boolean {
    return taskId !== undefined && this.#core.memory.telemetry.of(taskId)?.comparedBy === 'content';
  }

  async #exactly(
    shard: ShardRef,
    taskId: string | undefined,
    repair: boolean,
    signal: AbortSignal,
  ): Promise<Pick<ComparisonResult, 'state' | 'reason'> & Partial<ComparisonResult>> {
    const { control, memory, ports } = this.#core;
    const heldBack = heldBackBy(control.state.synchronization, control.state.outgoing);
    if (heldBack !== undefined) return { state: 'untold', reason: `nothing is received: ${heldBack}` };
    if (taskId === undefined) return { state: 'untold', reason: 'nobody receives it at this moment' };
    const { by, deep, timeoutMs, onDocuments } = this.#options;
    const status = control.state.shards.byKey.get(shardKey(shard))?.status;
    // Whoever asked waits for it; the masters' own rounds come by again.
    if (by === 'verification' && status !== 'running') return { state: 'untold', reason: `it is in ${status}` };
    this.#haveWorkersAsk();
    const isWanted = () => control.state.tasks.has(taskId);
    const how = { clock: ports.clock, timeoutMs, onDocuments, isWanted };
    const result = await memory.comparisons.compare({ taskId, shard, deep, repair }, how, signal);
    // Workers tell the leader: to who leads no longer it only seems that nobody answers.
    if (result.state === 'untold') this.#core.desk.assertLeads();
    return result;
  }

  /** Only from when there is something to ask for: mostly there is nothing. */
  #haveWorkersAsk(): void {
    if (this.#letGo !== undefined) return;
    this.#letGo = this.#core.memory.comparisons.open();
    this.#core.control.touch();
  }

  async #repair(
    found: readonly { readonly shard: ShardRef; readonly finding: CheckFinding }[],
    signal: AbortSignal,
  ): Promise<Repaired[]> {
    const before = new Map(found.map(({ shard, finding }) => [shardKey(shard), finding]));
    const results = await this.#results(
      found.map(({ shard }) => shard),
      true,
      signal,
    );
    return results.map(({ shard, result }) => {
      const outcome = outcomeOf(shard, result);
      if (outcome.result !== 'equal') return { outcome };
      if (result.repaired === undefined) return { outcome: equalMeanwhile(shard, before.get(shardKey(shard))) };
      const { way, documentsFetched, documentsRemoved } = result.repaired;
      const moved = { way, documentsFetched, documentsRemoved };
      const finding = { ...before.get(shardKey(shard)), ...documentsIn(result) };
      const detail = `was different (${finding.detail}); by ${way}: ${documentsFetched} documents fetched, ${documentsRemoved} removed`;
      return {
        outcome: { shard, result: 'repaired', finding: { ...shard, ...finding, result: 'repaired', detail } },
        moved,
      };
    });
  }

  async #note(found: readonly ShardDifference[], signal: AbortSignal): Promise<void> {
    if (found.length === 0) return;
    const { by, repair, caller } = this.#options;
    const cause = repair ? `${by}: shards that differ are repaired` : `${by}: shards differ`;
    await this.#core.desk.internal({ kind: 'note-differences', by, repair, found }, cause, signal, caller);
  }

  /** What differed, as the log knows, and does not any more. */
  async #settle(outcomes: readonly Outcome[], signal: AbortSignal, repaired: readonly Repaired[] = []): Promise<void> {
    const { control, desk } = this.#core;
    const moved = new Map(repaired.map((each) => [shardKey(each.outcome.shard), each.moved]));
    const settled = outcomes.flatMap(({ shard, result }): SettledDifference[] => {
      const key = shardKey(shard);
      if (result !== 'equal' && result !== 'repaired') return [];
      if (!control.state.verification.differences.has(key)) return [];
      const by = moved.get(key);
      return [by === undefined ? { shard, how: 'equal' } : { shard, how: 'repaired', moved: by }];
    });
    if (settled.length === 0) return;
    const { by, caller } = this.#options;
    await desk.internal({ kind: 'settle-differences', settled }, `${by}: shards are equal again`, signal, caller);
  }
}

interface Repaired {
  readonly outcome: Outcome;
  readonly moved?: NonNullable<SettledDifference['moved']>;
}

/** Somebody else, the log, or the repair of another shard of its collection has brought it there. */
function equalMeanwhile(shard: ShardRef, found: CheckFinding | undefined): Outcome {
  const detail = `was different (${found?.detail}); equal meanwhile, without a repair of its own`;
  return { shard, result: 'repaired', finding: { ...shard, ...found, result: 'repaired', detail } };
}

function outcomeOf(shard: ShardRef, result: Partial<ComparisonResult> & Pick<ComparisonResult, 'state'>): Outcome {
  const told = result.byContent === undefined ? {} : { byContent: result.byContent };
  if (result.state === 'equal') return { shard, result: 'equal' };
  if (result.state === 'different') {
    const finding = {
      ...shard,
      result: 'different' as const,
      detail: detailOf(result),
      ...documentsIn(result),
      ...told,
    };
    return { shard, result: 'different', finding };
  }
  const detail = result.reason ?? 'it could not be compared';
  return { shard, result: 'unknown', finding: { ...shard, result: 'unknown', detail, ...told } };
}

function documentsIn({ documents, documentsDiffering }: Partial<ComparisonResult>) {
  return {
    ...(documents === undefined ? {} : { documents }),
    ...(documentsDiffering === undefined ? {} : { documentsDiffering }),
  };
}

function detailOf(result: Partial<ComparisonResult>): string {
  const { counts, documents = [], documentsDiffering = 0, repaired } = result;
  const inAll =
    counts === undefined ? [] : [`${counts.source} documents on the source, ${counts.target} on the target`];
  const named = documents.slice(0, NAMED_IN_WORDS).map(inWords).join(', ');
  const more = documentsDiffering > NAMED_IN_WORDS ? `, … ${documentsDiffering} in all` : '';
  const after = repaired === undefined ? '' : `; also after it was caught up with by ${repaired.way}`;
  const what = [...inAll, ...(named === '' ? [] : [`${named}${more}`])].join(': ');
  return `${result.byContent === true ? 'by key and content: ' : ''}${what}${after}`;
}

const WORDS = {
  missing: 'is missing',
  surplus: 'is surplus',
  altered: 'is another version',
  content: 'holds something else under the same _rev',
} as const;

function inWords({ key, difference }: DocumentDifference): string {
  return `"${key}" ${WORDS[difference]}`;
}

function differenceOf({
  shard,
  finding: { detail, documents, documentsDiffering },
}: {
  readonly shard: ShardRef;
  readonly finding: CheckFinding;
}): ShardDifference {
  return {
    shard,
    detail,
    ...(documents === undefined
      ? {}
      : { documents: documents.map(({ key, difference }) => ({ document: key, difference })) }),
    ...(documentsDiffering === undefined || documentsDiffering === 0 ? {} : { documentsDiffering }),
  };
}
