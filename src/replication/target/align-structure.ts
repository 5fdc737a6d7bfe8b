import { Selector, sameSelection } from '../../events/selection/selection.ts';
import type { StructureDifference } from '../../wire/comparisons.ts';
import type { StructureReport } from '../../wire/worker.ts';
import type { Inventory } from '../inventory.ts';
import type { AlignOptions, StructureRules } from './align-options.ts';
import { UserAligner } from './align-users.ts';
import { shardKey } from './checkpoint-documents.ts';
import { copiedCollections } from './copied-collections.ts';
import { describeStep } from './execute-step.ts';
import { executeSteps } from './execute-steps.ts';
import { FailedIndexes } from './failed-indexes.ts';
import { canonical } from './index-difference.ts';
import { pairingOf } from './pairing.ts';
import { databaseKey } from './plan-databases.ts';
import { planStructure } from './plan-structure.ts';
import { StructureReader } from './read-both-structures.ts';
import { ShelvedSteps } from './shelved-steps.ts';
import { groupNotes } from './structure-notes.ts';
import type { IndexOf, Pair, Step, StructureMemory, StructurePlan, TargetStructure } from './structure-steps.ts';
import { withdrawCheckpoints } from './withdraw-checkpoints.ts';

const LEFT_OUT = 'it was not selected for a while';

export interface Alignment {
  readonly report: StructureReport;
  /**
   * When another inventory is needed: `soon` when a drop waits for one that agrees, or a step failed; `later` when steps
   * are shelved, or indexes wait for the copy. Indexes that failed have pauses of their own ({@link StructureAligner.isDue}).
   */
  readonly again: 'soon' | 'later' | undefined;
  /** Databases in which something changed. */
  readonly changedDatabases: ReadonlySet<string>;
}

/**
 * Brings the target's structure in line with one inventory after the other, and says which shards can be replicated
 * then. What was done is read back: a collection counts as ready only when the target shows it so.
 */
export class StructureAligner {
  readonly #options: AlignOptions;
  readonly #users: UserAligner;
  readonly #reader: StructureReader;
  #report: StructureReport | undefined;
  #agreed: ReadonlySet<string> = new Set();
  readonly #failedIndexes = new FailedIndexes();
  readonly #shelved: ShelvedSteps;
  /** What was warned of, so that it is not with every inventory. */
  #warned: ReadonlySet<string> = new Set();

  constructor(options: AlignOptions) {
    this.#options = options;
    this.#users = new UserAligner(options);
    this.#reader = new StructureReader(options.deployment, options.followed);
    this.#shelved = new ShelvedSteps(options.environment.now);
  }

  /** Whether an index that could not be made is to be tried again: with the next inventory. */
  isDue(now: number): boolean {
    return this.#failedIndexes.isDue(now);
  }

  /** A shard of the target's collection was caught up with: what kept an index from being made may be gone (S13). */
  caughtUp(database: string, collection: string): void {
    this.#failedIndexes.retry(database, collection);
  }

  /**
   * `wanted`: what is asked of the structure now. Users first: who lost a right on the source must not keep it here while
   * indexes are built.
   */
  async align(told: Inventory, wanted: () => StructureRules, signal: AbortSignal): Promise<Alignment> {
    const users = await this.#users.take(withSelectedUsers(told, wanted()), signal);
    const { report, again: ofStructure, changedDatabases } = await this.#alignStructure(told, wanted, signal);
    // Dropping a database or a collection took grants on it along. While too much would go at once nobody goes either.
    const dropped = await (report.heldDrops.length === 0 ? this.#users.drop(signal) : this.#users.again(signal));
    this.#report = report;
    return {
      report: this.#withUsers(report, [...users.changes, ...report.changes, ...(dropped?.changes ?? [])]),
      again: report.heldDrops.length === 0 && dropped?.unfinished === true ? 'soon' : ofStructure,
      changedDatabases,
    };
  }

  /**
   * What of structure and users is not as the inventory has it, also what waits to be dropped; what is told as a problem, or is
   * held for an operator, is left out. Changes nothing.
   */
  async differences(told: Inventory, rules: StructureRules, signal: AbortSignal): Promise<StructureDifference[]> {
    const users = await this.#users.differences(withSelectedUsers(told, rules), signal);
    const { source, target } = await this.#reader.read(told, rules, signal);
    const memory = await this.#memory(source, target, rules.confirmedDrops);
    const { wantedDrops } = planStructure(source, target, memory);
    const { steps } = planStructure(source, target, { ...memory, agreed: wantedDrops });
    return [
      ...users.map((detail) => ({ database: '_system', collection: '_users', detail })),
      ...steps.map((step) => ({
        database: step.database,
        collection: subjectOf(step),
        detail: `not ${describeStep(step)}`,
      })),
    ];
  }

  /** Another inventory is needed to know what becomes of a user of the target. */
  get needsInventory(): boolean {
    return this.#users.needsInventory;
  }

  /** Sets users right that changed at the target; the report to send, undefined when there is nothing new. */
  async alignUsers(signal: AbortSignal): Promise<StructureReport | undefined> {
    if (this.#report === undefined) return undefined;
    const users = await this.#users.again(signal);
    return users === undefined ? undefined : this.#withUsers(this.#report, users.changes);
  }

  #withUsers(report: StructureReport, changes: readonly string[]): StructureReport {
    return { ...report, problems: [...report.problems, ...this.#users.problems], changes: [...changes] };
  }

  async #alignStructure(told: Inventory, wanted: () => StructureRules, signal: AbortSignal): Promise<Alignment> {
    const rules = wanted();
    const { confirmedDrops: confirmed } = rules;
    const seen = await this.#reader.read(told, rules, signal);
    const { source: inventory, target: before } = seen;
    const plan = planStructure(inventory, before, await this.#memory(inventory, before, confirmed));
    const isWanted = () => sameSelection(rules.selection, wanted().selection);
    this.#failedIndexes.keep(plan.steps);
    const waiting = this.#shelved.waiting(plan.steps);
    const executing = { ...this.#options, failedIndexes: this.#failedIndexes, waiting, isWanted };
    const { done, failures, lacking } = await executeSteps(plan.steps, executing, signal);
    this.#agreed = plan.wantedDrops;
    // Followed from now on, so that what was made and dropped here is known even if the next read fails.
    const {
      target: after,
      notes,
      problems,
    } = plan.steps.length === 0 ? seen : await this.#reader.read(told, rules, signal);
    const memory = await this.#memory(inventory, after, confirmed);
    const outcome = planStructure(inventory, after, { ...memory, agreed: new Set() });
    await this.#takeBack(outcome.following, after, signal);
    const made = new Set(done.filter(isSurelyMade).map(nameIn));
    const following = outcome.following.map((each) => {
      const { collection } = each;
      if (collection === undefined) return each;
      return { ...each, source: collection.facts, isNew: made.has(nameOf(collection.pair)) };
    });
    const fresh = await this.#options.followed.remember(following, signal);
    const pairings = following.filter((each) => fresh.includes(each)).flatMap(noteOn);
    const shelved = this.#shelved.settle(
      done,
      failures,
      outcome.steps.filter((step) => !isIn(step, lacking)),
    );
    this.#warn(shelved);
    const transient = [...failures].filter(([step]) => !isIn(step, shelved));
    const hasLeft = shelved.size + outcome.afterCopy.length > 0;
    const isPending = [...plan.wantedDrops].length > plan.heldDrops.length + drops(done);
    // Some settings can only be given to a collection once it is there, a name only once it is free.
    const isNext = ({ kind }: Step) => kind === 'change-collection' || kind === 'rename-collection';
    const isIncomplete = outcome.steps.some((step) => isNext(step) && !isIn(step, shelved));
    return {
      report: {
        epoch: this.#options.epoch,
        sourceDeployment: this.#options.sourceDeployment,
        ...(rules.selectionVersion === undefined ? {} : { selectionVersion: rules.selectionVersion }),
        shards: [...outcome.ready],
        problems: [
          ...problems,
          ...outcome.problems,
          ...outcome.afterCopy.map(afterCopyProblem),
          ...transient.map(([step, { message }]) => problemOf(step, message)),
          ...[...lacking].map(([step, reason]) => problemOf(step, reason)),
          ...[...shelved].map(([step, reason]) => problemOf(step, reason)),
        ],
        notes: [...groupNotes([...notes, ...outcome.notes])],
        heldDrops: this.#heldDrops(told, plan, outcome, confirmed),
        changes: [...done.filter((step) => !isIn(step, shelved)).map(describeStep), ...pairings],
      },
      again: isPending || isIncomplete || transient.length > 0 ? 'soon' : hasLeft ? 'later' : undefined,
      changedDatabases: new Set(plan.steps.map(({ database }) => database)),
    };
  }

  /**
   * With what is confirmed and still waits: for another of its database to be confirmed, or because the drop failed. The
   * operator's word stands as long as it is told here.
   */
  #heldDrops(
    { complete }: Inventory,
    { heldDrops }: StructurePlan,
    { wantedDrops }: StructurePlan,
    confirmed: ReadonlySet<string>,
  ): string[] {
    // One that does not tell everything wants nothing to go, and takes nothing back.
    if (!complete) return [...(this.#report?.heldDrops ?? [])];
    const stillWanted = new Set([...wantedDrops].map((drop) => drop.slice(0, drop.lastIndexOf('/'))));
    const waiting = [...confirmed].filter((label) => stillWanted.has(label));
    return [...new Set([...heldDrops, ...waiting])];
  }

  async #memory(
    inventory: Inventory,
    target: TargetStructure,
    confirmed: ReadonlySet<string>,
  ): Promise<StructureMemory> {
    const { followed, store } = this.#options;
    const ids = [...target.databases.values()].flatMap(({ id: database, collections }) => [
      databaseKey(database),
      ...[...collections.values()].map(({ id }) => id),
    ]);
    const copied = await copiedCollections(inventory, target, store, this.#options);
    return { followed: await followed.of(ids), agreed: this.#agreed, confirmed, copied };
  }

  /**
   * What comes into the selection again may have got anything meanwhile that was still on its way to it: what is stored of
   * its positions is withdrawn before anybody is told to receive it.
   */
  async #takeBack(following: StructurePlan['following'], target: TargetStructure, signal: AbortSignal): Promise<void> {
    const { followed } = this.#options;
    const back = new Set(await followed.leftOut(following.map(({ targetId }) => targetId)));
    if (back.size === 0) return;
    const collections = [...target.databases.values()].flatMap((database) => [...database.collections.values()]);
    const keys = collections
      .filter(({ id }) => back.has(id))
      .flatMap(({ id, shards }) => shards.map((_, index) => shardKey(id, index)));
    await withdrawCheckpoints(this.#options, keys, LEFT_OUT);
    await followed.takeBack([...back], signal);
  }

  #warn(shelved: ReadonlyMap<Step, string>): void {
    const { log } = this.#options.environment;
    for (const [step, reason] of shelved) {
      if (!this.#warned.has(canonical(step))) log.warn('not replicated', { step: describeStep(step), reason });
    }
    this.#warned = new Set([...shelved.keys()].map(canonical));
  }
}

/** Users that are not selected are left alone, as if nothing had been told of them. */
function withSelectedUsers(inventory: Inventory, { selection }: StructureRules): Inventory {
  if (new Selector(selection).takes('_system', '_users')) return inventory;
  const { users: _users, usersProblem: _problem, ...rest } = inventory;
  return rest;
}

function isIn(step: Step, shelved: ReadonlyMap<Step, string>): boolean {
  const name = canonical(step);
  return [...shelved.keys()].some((other) => canonical(other) === name);
}

/** What two inventories have to want (S1). */
const DROPS: ReadonlySet<string> = new Set(['drop-collection', 'drop-database', 'drop-view', 'drop-analyzer']);

function drops(steps: readonly Step[]): number {
  return steps.filter((step) => DROPS.has(step.kind) && !('anew' in step && step.anew)).length;
}

/** Of a system collection servers say that they have made it also when it was there (reference 7.1). */
function isSurelyMade(step: Step): boolean {
  return step.kind === 'create-collection' && !step.collection.startsWith('_');
}

function nameIn(step: Step): string {
  return `${step.database}/${subjectOf(step)}`;
}

function nameOf({ database, source }: Pair): string {
  return `${database}/${source.targetName}`;
}

/** What the event log shall say of a collection that is not followed as usual. */
function noteOn({ collection }: StructurePlan['following'][number]): string[] {
  if (collection?.pair.target === undefined) return [];
  const { pair, facts } = collection;
  const note = pair.target === undefined ? '' : pairingOf(facts, pair.target).note;
  return note === '' ? [] : [`follows collection ${nameOf(pair)} by key and content: ${note}`];
}

/** The collection that a step is about, or the view or analyzer. */
function subjectOf(step: Step): string {
  if ('collection' in step) return step.collection;
  if ('view' in step) return step.view.name;
  if ('analyzer' in step) return step.analyzer.name;
  return 'name' in step ? step.name : '';
}

function problemOf(step: Step, reason: string): StructureReport['problems'][number] {
  return { database: step.database, collection: subjectOf(step), reason: `not ${describeStep(step)}: ${reason}` };
}

function afterCopyProblem({ database, collection, index }: IndexOf): StructureReport['problems'][number] {
  const reason = `its index ${index.name} is made after the copy: a ${index.type} index is trained with the documents`;
  return { database, collection, reason };
}
