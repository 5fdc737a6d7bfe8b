import type { Inventory } from '../inventory.ts';
import { copiesNote, databaseSettings } from './collection-settings.ts';
import type { Step, StructureMemory, StructurePlan, TargetStructure } from './structure-steps.ts';

/** Under which name the memory has a database of the target. */
export function databaseKey(id: string): string {
  return `database-${id}`;
}

/**
 * Databases that were made anew on the source under the same name: they go as a whole before anything of the new one comes,
 * since system collections cannot go one by one. One that holds what is not looked at stays, and so do these.
 */
export function replacedDatabases(
  source: Inventory,
  target: TargetStructure,
  memory: StructureMemory,
): ReadonlySet<string> {
  const replaced = source.databases.filter(({ name, id }) => {
    const stored = target.databases.get(name);
    const followed = stored === undefined ? undefined : memory.followed.get(databaseKey(stored.id));
    return followed !== undefined && followed !== id && stored?.holdsOther !== true;
  });
  return new Set(replaced.map(({ name }) => name));
}

export function withoutDatabases(source: Inventory, names: ReadonlySet<string>): Inventory {
  return { ...source, databases: source.databases.filter(({ name }) => !names.has(name)) };
}

export function followedDatabases(source: Inventory, target: TargetStructure): StructurePlan['following'] {
  return source.databases.flatMap(({ name, id }) => {
    const stored = target.databases.get(name);
    return stored === undefined || stored.id === '' ? [] : [{ targetId: databaseKey(stored.id), sourceId: id }];
  });
}

export function createDatabases(source: Inventory, target: TargetStructure): Step[] {
  return source.databases
    .filter(({ name }) => !target.databases.has(name))
    .map((database) => ({
      kind: 'create-database',
      database: database.name,
      settings: databaseSettings(source.kind, target, database),
      note: copiesNote(source.kind, target, { ...database }) ?? '',
    }));
}
