import { Selector } from '../../events/selection/selection.ts';
import type { ArangoDeployment } from '../arango.ts';
import { collectionFacts } from '../collection-facts.ts';
import type { Inventory } from '../inventory.ts';
import type { StructureRules } from './align-options.ts';
import { conflicting } from './pair-collections.ts';
import { readGraphs } from './read-graphs.ts';
import { readTargetDatabase } from './read-structure.ts';
import { type SelectedStructure, selectStructure } from './select-structure.ts';
import type { FollowedCollections } from './structure-memory.ts';
import type { TargetStructure } from './structure-steps.ts';

/** Reads the target's structure and holds the selected part of it beside an inventory's. */
export class StructureReader {
  readonly #deployment: ArangoDeployment;
  readonly #followed: FollowedCollections;

  constructor(deployment: ArangoDeployment, followed: FollowedCollections) {
    this.#deployment = deployment;
    this.#followed = followed;
  }

  /** Both structures without what is not selected; of that it is remembered that nobody looks after it now. */
  async read(inventory: Inventory, rules: StructureRules, signal: AbortSignal): Promise<SelectedStructure> {
    const selector = new Selector(rules.selection);
    const all = await this.#readTarget(rules, signal);
    const selected = selectStructure(inventory, await this.#withGraphs(all, inventory, selector, signal), selector);
    await this.#followed.leaveOut(idsWithout(all, selected.target), signal);
    const filled = await this.#filled(selected, signal);
    return { ...selected, target: { ...selected.target, filled } };
  }

  /** Graphs are asked for only where they may name what is not selected. */
  async #withGraphs(
    target: TargetStructure,
    inventory: Inventory,
    selector: Selector,
    signal: AbortSignal,
  ): Promise<TargetStructure> {
    const { front } = this.#deployment;
    const isCut = ({ name, collections }: Inventory['databases'][number]) =>
      target.databases.has(name) &&
      selector.takes(name, '_graphs') &&
      collections.some((collection) => !selector.takes(name, collection.name));
    const read = inventory.databases.filter(isCut).map(async ({ name }) => {
      return [name, await readGraphs(front, name, signal)] as const;
    });
    const graphs = new Map(await Promise.all(read));
    const databases = [...target.databases].map(([name, database]) => {
      const known = graphs.get(name);
      return [name, known === undefined ? database : { ...database, graphs: known }] as const;
    });
    return { ...target, databases: new Map(databases) };
  }

  async #readTarget(rules: StructureRules, signal: AbortSignal): Promise<TargetStructure> {
    const deployment = this.#deployment;
    const names = await deployment.databases(signal);
    const read = await Promise.all(names.map((name) => readTargetDatabase(deployment, name, signal)));
    return {
      kind: deployment.kind,
      dbServers: (await deployment.dbServers(signal)).filter(({ healthy }) => healthy).length,
      ...(rules.replicationFactor === undefined ? {} : { bounds: rules.replicationFactor }),
      databases: new Map(read.map((database) => [database.name, database])),
      filled: new Set(),
    };
  }

  async #filled({ source, target }: SelectedStructure, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { front } = this.#deployment;
    const none = new Set<string>();
    const nothing = { followed: new Map(), agreed: none, confirmed: none, copied: none };
    const filled = await Promise.all(
      conflicting(source, target, nothing).map(async ({ database, collection: { id, name } }) => {
        const { count } = await collectionFacts(front, database, name, signal);
        return count > 0 ? [id] : [];
      }),
    );
    return new Set(filled.flat());
  }
}

/** Ids of the target's collections that are not looked at. */
function idsWithout(all: TargetStructure, selected: TargetStructure): string[] {
  const seen = new Set(idsOf(selected));
  return idsOf(all).filter((id) => !seen.has(id));
}

function idsOf({ databases }: TargetStructure): string[] {
  return [...databases.values()].flatMap(({ collections }) => [...collections.values()].map(({ id }) => id));
}
