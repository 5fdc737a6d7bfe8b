import type { SourceDatabase } from '../inventory.ts';

/** Analyzers, as `database::name`. */
export type AnalyzersInUse = ReadonlySet<string>;

const SYSTEM = '_system';

/**
 * Analyzers that inverted indexes and views of these databases name, wherever in their definitions. A name without a
 * database is the own database's or a built-in one, `::name` is one of `_system` (reference 3.4).
 */
export function analyzersInUse(databases: readonly SourceDatabase[]): AnalyzersInUse {
  const found = new Set<string>();
  for (const { name: database, collections, views = [] } of databases) {
    const definitions = [
      ...collections.flatMap(({ indexes }) => indexes),
      ...views.map(({ properties }) => properties),
    ];
    for (const definition of definitions) {
      for (const name of namesIn(definition)) found.add(qualified(database, name));
    }
  }
  return found;
}

export function isInUse(inUse: AnalyzersInUse, database: string, analyzer: string): boolean {
  return inUse.has(`${database}::${analyzer}`);
}

function qualified(database: string, name: string): string {
  if (name.startsWith('::')) return `${SYSTEM}${name}`;
  return name.includes('::') ? name : `${database}::${name}`;
}

function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]: [string, unknown]) => {
    if (key === 'analyzer' && typeof part === 'string') return [part];
    if (key === 'analyzers' && Array.isArray(part)) return part.filter((name) => typeof name === 'string');
    return namesIn(part);
  });
}
