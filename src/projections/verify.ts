import { canonicalText } from '../events/canonical.ts';
import type { Commit, Head } from '../events/log.ts';
import { type CountableLog, verifyLog } from '../events/verify-log.ts';
import { ControlPlane, type Snapshot, STATE_SCHEMA } from './control-state.ts';
import { commitViolations } from './invariants/check.ts';
import type { Violation } from './invariants/rule.ts';
import { stateViolations } from './invariants/state.ts';

/** Something that the log should not be, and where. */
export interface Finding {
  readonly position: number;
  /**
   * `chain`: a commit was changed, is missing or swapped. `vocabulary`: an event that this version does not know.
   * `invariant`: a commit that no decider would have made. `snapshot`: a kept state is not what the log leads to.
   */
  readonly check: 'chain' | 'vocabulary' | 'invariant' | 'snapshot';
  readonly problem: string;
  readonly detail: string;
}

/** A folded state that somebody keeps, and that the log must lead to. */
export interface KeptState {
  /** For findings: `the snapshot in the database`. */
  readonly name: string;
  readonly snapshot: Snapshot;
}

export interface VerifyOptions {
  readonly kept?: readonly KeptState[];
  /** Heads that somebody remembers beside those states: by them a cut tail shows (S22). */
  readonly remembered?: readonly Head[];
  readonly onFinding?: (finding: Finding) => void;
  /** Called after each part that was read, with the position reached. */
  readonly onProgress?: (position: number) => void;
  readonly signal?: AbortSignal;
}

export interface Verified {
  readonly commits: number;
  readonly events: number;
  readonly first: number;
  readonly last: number;
  readonly findings: number;
  /** What was held against what, in words. */
  readonly checked: readonly string[];
}

/**
 * Holds a whole log against its chain, the rules of the state machines, and the states that others keep of it. Reads it
 * once, and holds no more of it than the state that it leads to.
 */
export async function verifyEvents(log: CountableLog, options: VerifyOptions = {}): Promise<Verified> {
  const run = new VerifyRun(options);
  const { kept = [], remembered = [] } = options;
  const heads = [...remembered, ...kept.map(({ snapshot }) => snapshot.head)];
  const report = await verifyLog(log, heads, options.signal, (commits) => run.take(commits));
  for (const finding of report.findings) run.find({ check: 'chain', ...finding });
  run.finish(report.first);
  const { commits, events, first, head } = report;
  return { commits, events, first, last: head.position, findings: run.findings, checked: run.checked };
}

class VerifyRun {
  readonly #options: VerifyOptions;
  readonly #keptAt: ReadonlyMap<number, readonly KeptState[]>;
  readonly #plane = new ControlPlane();
  /** False for a part of a log that has no state to begin from. */
  #folds: boolean | undefined;
  readonly #compared: string[] = [];
  findings = 0;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#keptAt = Map.groupBy(options.kept ?? [], ({ snapshot }) => snapshot.head.position);
  }

  get checked(): readonly string[] {
    if (this.#folds === false)
      return ['the chain of hashes', 'no state: what came before the first commit is not here'];
    return ['the chain of hashes', 'the rules of the state machines', ...this.#compared];
  }

  take(commits: readonly Commit[]): void {
    for (const commit of commits) this.#takeOne(commit);
    const last = commits.at(-1);
    if (last !== undefined) this.#options.onProgress?.(last.position);
  }

  find(finding: Finding): void {
    this.findings += 1;
    this.#options.onFinding?.(finding);
  }

  finish(first: number): void {
    if (this.#folds === false) return;
    const { state, position } = this.#plane;
    for (const { position: at, type, v, why } of state.notUnderstood) {
      this.find({ position: at, check: 'vocabulary', problem: 'unknown', detail: `${type} version ${v}: ${why}` });
    }
    this.#report(position, stateViolations(state));
    for (const [at, states] of this.#keptAt) {
      for (const { name } of states) if (at < first) this.#compared.push(`${name} is older than what is kept`);
    }
  }

  #takeOne(commit: Commit): void {
    this.#folds ??= commit.position === 1 || commit.events.some(({ type }) => type === 'LogArchived');
    if (!this.#folds) return;
    this.#report(commit.position, commitViolations(this.#plane.state, commit));
    this.#plane.apply(commit);
    for (const kept of this.#keptAt.get(commit.position) ?? []) this.#compare(kept);
  }

  #compare({ name, snapshot }: KeptState): void {
    const { position } = snapshot.head;
    if (snapshot.schema !== STATE_SCHEMA) {
      this.#compared.push(`${name} is of another version of the program, and was not compared`);
      return;
    }
    this.#compared.push(`${name} (position ${position})`);
    if (snapshot.state === canonicalText(this.#plane.state)) return;
    const detail = `${name} is not the state that the log leads to`;
    this.find({ position, check: 'snapshot', problem: 'different', detail });
  }

  #report(position: number, violations: readonly Violation[]): void {
    for (const { rule, detail } of violations) this.find({ position, check: 'invariant', problem: rule, detail });
  }
}
