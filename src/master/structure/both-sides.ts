import type { ListedDatabase, ListedDatacenter } from '../../wire/shard-listing.ts';

/**
 * Two listings that name the same databases: one that a side lacks is listed there as well, empty and with the reason. A
 * client that walks through one side only would overlook it otherwise.
 */
export function withMissingDatabases(source: ListedDatacenter, target: ListedDatacenter): ListedDatacenter[] {
  return [completed(source, target, 'source'), completed(target, source, 'target')];
}

function completed(own: ListedDatacenter, other: ListedDatacenter, side: string): ListedDatacenter {
  const missing = Object.keys(other.databases).filter((name) => !Object.hasOwn(own.databases, name));
  const entries = missing.map((name) => [name, absent(`the ${side} has no database ${name}`)] as const);
  return { ...own, databases: { ...own.databases, ...Object.fromEntries(entries) } };
}

function absent(error: string): ListedDatabase {
  return { database_id: '', collections: {}, excluded_collections: {}, error, missing: true };
}
