import type { StructureReport } from '../../wire/worker.ts';

/** Something that is on purpose other on the target than on the source. */
export interface Note {
  readonly database: string;
  readonly collection: string;
  readonly note: string;
}

/** Collections that are named where the same holds for many. */
const NAMED_MAX = 5;

/** The same of many collections of one database as one note, so that it stays as short as it is for one. */
export function groupNotes(notes: readonly Note[]): NonNullable<StructureReport['notes']> {
  const groups = Map.groupBy(notes, ({ database, note }) => JSON.stringify([database, note]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const names = [...new Set(group.map(({ collection }) => collection))].sort();
    const { database, note } = first;
    return [{ database, note, collections: names.slice(0, NAMED_MAX), count: names.length }];
  });
}
