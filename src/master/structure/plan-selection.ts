import { plainSelection, type Selection, Selector, sameSelection } from '../../events/selection/selection.ts';
import type { ListedDatacenter } from '../../wire/shard-listing.ts';
import type { SyncPlan } from '../../wire/sync-plan.ts';
import { type CountDocuments, planSync } from './plan-sync.ts';
import { listedCollections, selectListing } from './select-listing.ts';

export interface PlannedSides {
  readonly source: ListedDatacenter;
  readonly target: ListedDatacenter;
  readonly count: CountDocuments;
}

/** A synchronization that is active, with its selection. */
export interface ActiveSelection {
  readonly selection: Selection | undefined;
}

/**
 * What becomes of a target that follows what is selected of the source; nothing is changed. While it follows already, only
 * what the other selection brings and leaves is told. `given` is absent where none was named: then the one before stays.
 */
export async function planSelection(
  { source, target, count }: PlannedSides,
  given: Selection | undefined,
  active: ActiveSelection | undefined,
): Promise<Omit<SyncPlan, 'source' | 'keeps_root'>> {
  const selection = given === undefined ? active?.selection : plainSelection(given);
  const now = new Selector(selection);
  const told = selection === undefined ? {} : { selection: toWire(selection) };
  if (active === undefined || sameSelection(active.selection, selection)) {
    const plan = await planSync(selectListing(source, now), selectListing(target, now), count);
    const notSelected = listedCollections(source, (database, collection) => !now.takes(database, collection));
    return { ...plan, ...told, ...(notSelected.length === 0 ? {} : { notSelected }) };
  }
  const before = new Selector(active.selection);
  const isNew = (database: string, collection: string) =>
    now.takes(database, collection) && !before.takes(database, collection);
  const isLeft = (database: string, collection: string) =>
    before.takes(database, collection) && !now.takes(database, collection);
  const added = { database: (name: string) => now.database(name), takes: isNew };
  const plan = await planSync(selectListing(source, added), selectListing(target, added), count);
  const change = {
    ...(active.selection === undefined ? {} : { from: toWire(active.selection) }),
    follow: listedCollections(source, isNew),
    leave: listedCollections(source, isLeft),
  };
  return { ...plan, ...told, change };
}

/** In the form of the wire, whose lists may be changed. */
export function toWire({ include, exclude }: Selection): { include: string[]; exclude: string[] } {
  return { include: [...include], exclude: [...exclude] };
}
