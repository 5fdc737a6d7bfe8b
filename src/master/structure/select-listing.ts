import type { Selector } from '../../events/selection/selection.ts';
import type { ListedDatabase, ListedDatacenter } from '../../wire/shard-listing.ts';

/** What a selection takes: the part of {@link Selector} that a listing is cut by. */
export type Taking = Pick<Selector, 'database' | 'takes'>;

/**
 * A listing without what is not selected: collections stand among the excluded ones. A database that is selected as a
 * whole is there also when it is empty, one of which only a part is selected with that part only.
 */
export function selectListing(listing: ListedDatacenter, selector: Taking): ListedDatacenter {
  const databases = Object.entries(listing.databases)
    .filter(([name]) => selector.database(name) !== 'none')
    .map(([name, database]) => [name, selectDatabase(name, database, selector)] as const)
    .filter(([name, { collections, error }]) => {
      return selector.database(name) === 'whole' || error !== '' || Object.keys(collections).length > 0;
    });
  return { ...listing, databases: Object.fromEntries(databases) };
}

function selectDatabase(name: string, database: ListedDatabase, selector: Taking): ListedDatabase {
  const all = Object.entries(database.collections);
  const [taken, left] = [
    all.filter(([collection]) => selector.takes(name, collection)),
    all.filter(([collection]) => !selector.takes(name, collection)),
  ];
  return {
    ...database,
    collections: Object.fromEntries(taken),
    excluded_collections: { ...database.excluded_collections, ...Object.fromEntries(left) },
  };
}

/** Collections of a listing for which `wanted` is true, in the order of their names. */
export function listedCollections(
  { databases }: ListedDatacenter,
  wanted: (database: string, collection: string) => boolean,
): { readonly database: string; readonly collection: string }[] {
  return Object.keys(databases)
    .sort()
    .flatMap((database) =>
      Object.keys(databases[database]?.collections ?? {})
        .filter((collection) => wanted(database, collection))
        .sort()
        .map((collection) => ({ database, collection })),
    );
}
