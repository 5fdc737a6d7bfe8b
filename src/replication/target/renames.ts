import type { SourceDatabase } from '../inventory.ts';
import type { TargetCollection, TargetDatabase } from './read-structure.ts';
import type { Pair, Step, StructureMemory } from './structure-steps.ts';

type Rename = Extract<Step, { kind: 'rename-collection' }>;

/**
 * Which of a target's collections follows which of the source, whatever it is called: by the globallyUniqueId of the
 * source's, which stays when that is renamed (reference 3.2). Of several the one that has the right name already.
 */
export function followedInDatabase(
  { collections }: SourceDatabase,
  stored: TargetDatabase | undefined,
  { followed }: StructureMemory,
): ReadonlyMap<string, TargetCollection> {
  const names = new Map(collections.map(({ globallyUniqueId, targetName }) => [globallyUniqueId, targetName]));
  const found = new Map<string, TargetCollection>();
  for (const collection of stored?.collections.values() ?? []) {
    const identity = followed.get(collection.id);
    if (identity === undefined || !names.has(identity)) continue;
    if (!found.has(identity) || collection.name === names.get(identity)) found.set(identity, collection);
  }
  return found;
}

/** Whether the name that a collection shall have is that of something else, which has to go first. */
export function waitsForName(
  { database, source, target }: Pair,
  databases: ReadonlyMap<string, TargetDatabase>,
  pairs: readonly Pair[],
): boolean {
  const holder = databases.get(database)?.collections.get(source.targetName);
  if (target === undefined || holder === undefined || holder.id === target.id) return false;
  return !pairs.some((pair) => pair.target?.id === holder.id);
}

/** In an order in which each name is free when it is wanted; names that go round in a ring pass through one that nobody has. */
export function renames(present: readonly Pair[]): Rename[] {
  const pending = present.flatMap(({ database, source, target }): Rename[] =>
    target === undefined || target.name === source.targetName
      ? []
      : [{ kind: 'rename-collection', database, collection: target.name, to: source.targetName }],
  );
  const steps: Rename[] = [];
  while (pending.length > 0) {
    const isFree = ({ database, to }: Rename) =>
      !pending.some((other) => other.database === database && other.collection === to);
    const index = pending.findIndex(isFree);
    const [next] = pending.splice(Math.max(0, index), 1);
    if (next === undefined) break;
    if (index >= 0) {
      steps.push(next);
      continue;
    }
    const between = `renaming-${steps.length}-${next.collection}`;
    steps.push({ ...next, to: between });
    pending.push({ ...next, collection: between });
  }
  return steps;
}
