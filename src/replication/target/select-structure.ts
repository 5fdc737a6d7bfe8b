import type { Selector } from '../../events/selection/selection.ts';
import type { StructureReport } from '../../wire/worker.ts';
import type { Inventory, SourceCollection, SourceDatabase } from '../inventory.ts';
import type { AnalyzerDefinition, ViewDefinition } from '../search-definitions.ts';
import { REPLICATED_SYSTEM_COLLECTIONS } from '../system-collections.ts';
import { type AnalyzersInUse, analyzersInUse, isInUse } from './analyzers-in-use.ts';
import { canonical } from './index-difference.ts';
import type { TargetDatabase } from './read-structure.ts';
import type { Note } from './structure-notes.ts';
import type { TargetStructure } from './structure-steps.ts';

/** What a synchronization has to do with of both structures. */
export interface SelectedStructure {
  readonly source: Inventory;
  readonly target: TargetStructure;
  /** What is left out of something that is replicated. */
  readonly notes: readonly Note[];
  readonly problems: StructureReport['problems'];
}

const SOURCE_NAMES: ReadonlyMap<string, string> = new Map(
  [...REPLICATED_SYSTEM_COLLECTIONS].map(([source, target]) => [target, source]),
);

/**
 * Both structures without what is not selected; pure. What a plan does not see it neither makes nor changes nor drops: so
 * everything else on the target is left alone. Analyzers come with their database where that is selected as a whole, else
 * those that something selected uses.
 */
export function selectStructure(source: Inventory, target: TargetStructure, selector: Selector): SelectedStructure {
  if (!selector.isPartial) return { source, target, notes: [], problems: [] };
  const chosen = source.databases.map((database) => selectDatabase(database, selector));
  const inUse = analyzersInUse(chosen);
  const selected = chosen.flatMap((database) => withAnalyzers(database, inUse, selector));
  const databases = selected.map((database) => withoutForeign(database, target, selector));
  const wanted = new Map(databases.map((database) => [database.name, database]));
  const seen = [...target.databases.values()].flatMap((database) =>
    selectStored(database, wanted.get(database.name), selector),
  );
  return {
    source: { ...source, databases },
    target: { ...target, databases: new Map(seen.map((database) => [database.name, database])) },
    notes: notesOf(source, target, selector),
    problems: selected.flatMap((database) => foreignProblems(database, target, selector)),
  };
}

function selectDatabase(database: SourceDatabase, selector: Selector): SourceDatabase {
  const takes = ({ name }: { readonly name: string }) => selector.takes(database.name, name);
  const views = database.views?.filter(takes).map((view) => withoutLinks(view, linksLeftOut(view, database, selector)));
  return {
    ...database,
    collections: database.collections.filter(takes),
    excluded: database.excluded.filter(takes),
    ...(views === undefined ? {} : { views }),
  };
}

/** None when nothing of the database is wanted. */
function withAnalyzers(database: SourceDatabase, inUse: AnalyzersInUse, selector: Selector): SourceDatabase[] {
  const scope = selector.database(database.name);
  if (scope === 'whole') return [database];
  const { analyzers, views, ...rest } = database;
  const used = analyzers?.filter(({ name }) => isInUse(inUse, database.name, name));
  const isEmpty = rest.collections.length + (views?.length ?? 0) + (used?.length ?? 0) === 0;
  if (isEmpty) return [];
  return [{ ...rest, ...(views === undefined ? {} : { views }), ...(used === undefined ? {} : { analyzers: used }) }];
}

/**
 * Analyzers that the target has under the same names as other ones, of databases that are not selected as a whole: what is
 * not selected may use them, so they are not replaced.
 */
function foreignAnalyzers(database: SourceDatabase, target: TargetStructure, selector: Selector): ReadonlySet<string> {
  if (selector.database(database.name) === 'whole') return new Set();
  const stored = target.databases.get(database.name)?.analyzers ?? [];
  const isOther = (wanted: AnalyzerDefinition) =>
    stored.some((own) => own.name === wanted.name && canonical(own) !== canonical(wanted));
  return new Set((database.analyzers ?? []).filter(isOther).map(({ name }) => name));
}

function withoutForeign(database: SourceDatabase, target: TargetStructure, selector: Selector): SourceDatabase {
  const foreign = foreignAnalyzers(database, target, selector);
  if (foreign.size === 0) return database;
  return { ...database, analyzers: (database.analyzers ?? []).filter(({ name }) => !foreign.has(name)) };
}

function foreignProblems(
  database: SourceDatabase,
  target: TargetStructure,
  selector: Selector,
): StructureReport['problems'] {
  return [...foreignAnalyzers(database, target, selector)].map((name) => ({
    database: database.name,
    collection: name,
    reason:
      'the analyzer is another one on the target, and is not replaced where the database is not selected as a whole: ' +
      'what is selected searches otherwise here; remove it on the target',
  }));
}

/** None of a database of which nothing is selected. */
function selectStored(
  database: TargetDatabase,
  wanted: SourceDatabase | undefined,
  selector: Selector,
): TargetDatabase[] {
  const scope = selector.database(database.name);
  if (scope === 'none' && wanted === undefined) return [];
  const collections = [...database.collections].filter(([name]) => isLookedAt(database.name, name, selector));
  const views = database.views.filter(({ name }) => selector.takes(database.name, name));
  const isWhole =
    scope === 'whole' && collections.length === database.collections.size && views.length === database.views.length;
  const names = new Set(wanted?.analyzers?.map(({ name }) => name));
  const isOurs = ({ name }: AnalyzerDefinition) => scope === 'whole' || names.has(name);
  return [
    {
      ...database,
      collections: new Map(collections),
      views,
      analyzers: database.analyzers.filter(isOurs),
      ...(isWhole ? {} : { holdsOther: true }),
    },
  ];
}

/** By its name on the target. System collections of the server itself can be prototypes; they are never dropped. */
function isLookedAt(database: string, name: string, selector: Selector): boolean {
  const sourceName = SOURCE_NAMES.get(name);
  if (sourceName === undefined && name.startsWith('_')) return true;
  return selector.takes(database, sourceName ?? name);
}

/** Collections that a view names and that are not selected, though the source has them. */
export function linksLeftOut(view: ViewDefinition, { name }: SourceDatabase, selector: Selector): readonly string[] {
  return collectionsOf(view).filter((collection) => !selector.takes(name, collection));
}

function collectionsOf({ properties: { links, indexes } }: ViewDefinition): readonly string[] {
  const linked = typeof links === 'object' && links !== null ? Object.keys(links) : [];
  const listed = Array.isArray(indexes) ? indexes.map(collectionOfIndex) : [];
  return [...new Set([...linked, ...listed])];
}

function collectionOfIndex(index: unknown): string {
  const collection = typeof index === 'object' && index !== null && 'collection' in index ? index.collection : '';
  return String(collection);
}

function withoutLinks(view: ViewDefinition, leftOut: readonly string[]): ViewDefinition {
  if (leftOut.length === 0) return view;
  const { links, indexes } = view.properties;
  const isKept = (collection: string) => !leftOut.includes(collection);
  const kept = {
    ...(typeof links === 'object' && links !== null
      ? { links: Object.fromEntries(Object.entries(links).filter(([name]) => isKept(name))) }
      : {}),
    ...(Array.isArray(indexes) ? { indexes: indexes.filter((index) => isKept(collectionOfIndex(index))) } : {}),
  };
  return { ...view, properties: { ...view.properties, ...kept } };
}

function notesOf(source: Inventory, target: TargetStructure, selector: Selector): Note[] {
  const ofSource = source.databases.flatMap((database) => [
    ...viewNotes(database, selector),
    ...prototypeNotes(database, selector),
  ]);
  return [...ofSource, ...graphNotes(source, target, selector)];
}

function viewNotes(database: SourceDatabase, selector: Selector): Note[] {
  const views = (database.views ?? []).filter(({ name }) => selector.takes(database.name, name));
  return views.flatMap((view) => {
    const leftOut = linksLeftOut(view, database, selector);
    if (leftOut.length === 0) return [];
    const note = `the view is made without ${leftOut.join(', ')}: not selected`;
    return [{ database: database.name, collection: view.name, note }];
  });
}

function prototypeNotes({ name: database, collections }: SourceDatabase, selector: Selector): Note[] {
  const takes = ({ name }: SourceCollection) => selector.takes(database, name);
  const leftOut = new Set(collections.filter((collection) => !takes(collection)).map(({ name }) => name));
  return collections.filter(takes).flatMap(({ name: collection, parameters: { distributeShardsLike: like } }) => {
    if (typeof like !== 'string' || !leftOut.has(like)) return [];
    const note = `its shards are placed on their own: ${like}, whose placing they follow on the source, is not selected`;
    return [{ database, collection, note }];
  });
}

/** Graphs are documents of `_graphs`: one can arrive without the collections that it is made of. */
function graphNotes(source: Inventory, target: TargetStructure, selector: Selector): Note[] {
  return source.databases.flatMap(({ name: database }) => {
    if (!selector.takes(database, '_graphs')) return [];
    return (target.databases.get(database)?.graphs ?? []).flatMap(({ name, collections }) => {
      const leftOut = collections.filter((collection) => !selector.takes(database, collection));
      if (leftOut.length === 0) return [];
      const note = `graph ${name} is not complete without ${leftOut.join(', ')}: not selected`;
      return [{ database, collection: '_graphs', note }];
    });
  });
}
