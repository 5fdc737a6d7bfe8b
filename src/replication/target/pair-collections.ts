import type { Inventory } from '../inventory.ts';
import { isOwnCollection } from '../system-collections.ts';
import type { TargetCollection } from './read-structure.ts';
import { followedInDatabase } from './renames.ts';
import { lastingDifference } from './structure-problems.ts';
import type { Pair, StructureMemory, TargetStructure } from './structure-steps.ts';

/** Collections whose definition conflicts: whether they hold documents has to be asked before planning. */
export function conflicting(
  source: Inventory,
  target: TargetStructure,
  memory: StructureMemory,
): readonly { readonly database: string; readonly collection: TargetCollection }[] {
  return pairsOf(source, target, memory).flatMap(({ database, source: wanted, target: stored }) =>
    stored !== undefined && lastingDifference(wanted, stored) !== undefined ? [{ database, collection: stored }] : [],
  );
}

export function pairsOf(source: Inventory, target: TargetStructure, memory: StructureMemory): Pair[] {
  return source.databases.flatMap((database) => {
    const stored = target.databases.get(database.name);
    // Only on a single server collections are renamed.
    const followed = target.kind === 'single' ? followedInDatabase(database, stored, memory) : new Map();
    const taken = new Set([...followed.values()].map(({ id }) => id));
    const called = (name: string) => {
      const found = stored?.collections.get(name);
      return found === undefined || taken.has(found.id) ? undefined : found;
    };
    const collections = database.collections.filter(({ targetName }) => !isOwnCollection(targetName));
    return collections.map((collection) => ({
      database: database.name,
      source: collection,
      target: followed.get(collection.globallyUniqueId) ?? called(collection.targetName),
    }));
  });
}

/** Names on the target. */
export function nameOf({ database, source }: Pair): { readonly database: string; readonly collection: string } {
  return { database, collection: source.targetName };
}
