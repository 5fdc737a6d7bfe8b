import type { StructureReport } from '../../wire/worker.ts';
import { type ArangoDeployment, ArangoError } from '../arango.ts';
import { collectionFacts } from '../collection-facts.ts';
import type { Inventory } from '../inventory.ts';
import type { Environment } from './environment.ts';
import { describeStep, executeStep } from './execute-step.ts';
import { canonical } from './index-difference.ts';
import { conflicting, planStructure, type Step, type StructureMemory, type TargetStructure } from './plan-structure.ts';
import { readTargetDatabase } from './read-structure.ts';
import type { FollowedCollections } from './structure-memory.ts';

export interface AlignOptions {
  readonly deployment: ArangoDeployment;
  readonly followed: FollowedCollections;
  readonly environment: Environment;
  readonly epoch: string;
  readonly sourceDeployment: string;
}

export interface Alignment {
  readonly report: StructureReport;
  /** Some drop waits for the next inventory, or a step failed: ask for another inventory soon. */
  readonly unfinished: boolean;
  /** Databases in which something changed. */
  readonly changedDatabases: ReadonlySet<string>;
}

/**
 * Brings the target's structure in line with one inventory after the other, and says which shards can be replicated
 * then. What was done is read back: a collection counts as ready only when the target shows it so.
 */
export class StructureAligner {
  readonly #options: AlignOptions;
  #agreed: ReadonlySet<string> = new Set();
  /** Settings and indexes that were asked for: when they do not come out as asked, asking again would never end. */
  #asked: ReadonlySet<string> = new Set();

  constructor(options: AlignOptions) {
    this.#options = options;
  }

  async align(inventory: Inventory, confirmed: ReadonlySet<string>, signal: AbortSignal): Promise<Alignment> {
    const before = await this.#read(inventory, signal);
    const plan = planStructure(inventory, before, await this.#memory(before, confirmed));
    const { done, failures } = await this.#execute(plan.steps, signal);
    this.#agreed = plan.wantedDrops;
    // Followed from now on, so that what was made and dropped here is known even if the next read fails.
    const after = plan.steps.length === 0 ? before : await this.#read(inventory, signal);
    const outcome = planStructure(inventory, after, { ...(await this.#memory(after, confirmed)), agreed: new Set() });
    await this.#options.followed.remember(outcome.following, signal);
    return {
      report: {
        epoch: this.#options.epoch,
        sourceDeployment: this.#options.sourceDeployment,
        shards: [...outcome.ready],
        problems: [...outcome.problems, ...[...failures].map(([step, reason]) => problemOf(step, reason))],
        heldDrops: [...plan.heldDrops],
        changes: done.map(describeStep),
      },
      unfinished: failures.size > 0 || [...plan.wantedDrops].length > plan.heldDrops.length + drops(done),
      changedDatabases: new Set(plan.steps.map(({ database }) => database)),
    };
  }

  async #memory(target: TargetStructure, confirmed: ReadonlySet<string>): Promise<StructureMemory> {
    const ids = [...target.databases.values()].flatMap(({ collections }) =>
      [...collections.values()].map(({ id }) => id),
    );
    return { followed: await this.#options.followed.of(ids), agreed: this.#agreed, confirmed };
  }

  async #read(inventory: Inventory, signal: AbortSignal): Promise<TargetStructure> {
    const { deployment } = this.#options;
    const names = await deployment.databases(signal);
    const read = await Promise.all(names.map((name) => readTargetDatabase(deployment, name, signal)));
    const structure: TargetStructure = {
      kind: deployment.kind,
      dbServers: (await deployment.dbServers(signal)).filter(({ healthy }) => healthy).length,
      databases: new Map(read.map((database) => [database.name, database])),
      filled: new Set(),
    };
    const nothing = { followed: new Map(), agreed: new Set<string>(), confirmed: new Set<string>() };
    const filled = await Promise.all(
      conflicting(inventory, structure, nothing).map(async ({ database, collection: { id, name } }) => {
        const { count } = await collectionFacts(deployment.front, database, name, signal);
        return count > 0 ? [id] : [];
      }),
    );
    return { ...structure, filled: new Set(filled.flat()) };
  }

  async #execute(steps: readonly Step[], signal: AbortSignal): Promise<Executed> {
    const { deployment, environment } = this.#options;
    const done: Step[] = [];
    const failures = new Map<Step, string>();
    for (const step of steps) {
      if (this.#isAskedAgain(step)) continue;
      try {
        await executeStep(deployment, step, signal);
        done.push(step);
        environment.log.info(describeStep(step));
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ArangoError)) throw error;
        failures.set(step, error.message);
        environment.log.warn('a step of the structure failed', { step: describeStep(step), reason: error.message });
      }
    }
    this.#asked = new Set(steps.filter((step) => isSetting(step) && !failures.has(step)).map(canonical));
    return { done, failures };
  }

  /** True for a change that was made for the inventory before and did not show: versions differ in what they keep. */
  #isAskedAgain(step: Step): boolean {
    if (!isSetting(step) || !this.#asked.has(canonical(step))) return false;
    this.#options.environment.log.warn('the target does not show a change that was made', { step: describeStep(step) });
    return true;
  }
}

interface Executed {
  readonly done: readonly Step[];
  readonly failures: ReadonlyMap<Step, string>;
}

function isSetting(step: Step): boolean {
  return step.kind === 'change-collection' || step.kind === 'create-index' || step.kind === 'change-view';
}

/** What two inventories have to want (S1). */
const DROPS: ReadonlySet<string> = new Set(['drop-collection', 'drop-database', 'drop-view', 'drop-analyzer']);

function drops(steps: readonly Step[]): number {
  return steps.filter((step) => DROPS.has(step.kind) && !('anew' in step && step.anew)).length;
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
