import type { ShardRef } from '../../wire/shards.ts';
import type { StructureReport } from '../../wire/worker.ts';
import type { IndexDefinition, Inventory, SourceCollection } from '../inventory.ts';
import { isOwnCollection } from '../system-collections.ts';
import {
  changedSettings,
  copiesNote,
  creationSettings,
  databaseSettings,
  type TargetKind,
} from './collection-settings.ts';
import { isReplicatedIndex, learnsFromDocuments, sameIndex } from './index-difference.ts';
import { factsOf, pairingOf } from './pairing.ts';
import { planDrops } from './plan-drops.ts';
import { planSearch, type SearchStep } from './plan-search.ts';
import type { TargetCollection, TargetDatabase } from './read-structure.ts';
import { waitsForPrototype, withFollowersRemade } from './remade-prototypes.ts';
import { followedInDatabase, renames, waitsForName } from './renames.ts';
import type { SourceFacts } from './source-facts.ts';
import type { Note } from './structure-notes.ts';
import { impossible, lastingDifference, unfollowable } from './structure-problems.ts';
import { unkeptOfIndex, unkeptReason } from './unkept.ts';

type Settings = Readonly<Record<string, unknown>>;

/** One change of the target's structure. */
export type Step =
  | {
      readonly kind: 'create-database';
      readonly database: string;
      readonly settings: Settings;
      /** What became other than on the source, for the log. */
      readonly note: string;
    }
  | { readonly kind: 'rename-collection'; readonly database: string; readonly collection: string; readonly to: string }
  | {
      readonly kind: 'create-collection';
      readonly database: string;
      readonly collection: string;
      readonly settings: Settings;
      /** What became other than on the source, for the log. */
      readonly note: string;
    }
  | {
      readonly kind: 'change-collection';
      readonly database: string;
      readonly collection: string;
      readonly settings: Settings;
    }
  | { readonly kind: 'drop-index'; readonly database: string; readonly collection: string; readonly index: string }
  | {
      readonly kind: 'create-index';
      readonly database: string;
      readonly collection: string;
      readonly index: IndexDefinition;
    }
  | {
      readonly kind: 'drop-collection';
      readonly database: string;
      readonly collection: string;
      /** It is made again at once. */
      readonly makesRoom: boolean;
      readonly isSystem: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'drop-database'; readonly database: string }
  | SearchStep;

/** The target's structure, with what had to be asked beside it. */
export interface TargetStructure extends TargetKind {
  readonly databases: ReadonlyMap<string, TargetDatabase>;
  /** Ids of collections that hold documents, of those whose definition conflicts with the source's. */
  readonly filled: ReadonlySet<string>;
}

/** What is remembered from one inventory to the next, under one epoch. */
export interface StructureMemory {
  /**
   * By id of the target's collection: the globallyUniqueId of the source's collection that it follows. By
   * {@link databaseKey} of the target's database: the id of the source's.
   */
  readonly followed: ReadonlyMap<string, string>;
  /** Drops that the complete inventory before this one wanted as well: `database/collection/id` (S1). */
  readonly agreed: ReadonlySet<string>;
  /** Drops that an operator confirmed: `database/collection`. */
  readonly confirmed: ReadonlySet<string>;
  /** Ids of collections of which every shard was copied, where that matters. */
  readonly copied: ReadonlySet<string>;
}

/** Something of the target, and what of the source it follows. */
export interface Followed {
  readonly targetId: string;
  readonly sourceId: string;
  /** Of collections. */
  readonly collection?: { readonly facts: SourceFacts; readonly pair: Pair };
}

export interface StructurePlan {
  readonly steps: readonly Step[];
  readonly problems: StructureReport['problems'];
  /** What is, or will be, other on purpose than on the source. */
  readonly notes: readonly Note[];
  /** Shards of collections that are on the target as they must be. */
  readonly ready: readonly ShardRef[];
  /** Collections that are, for the memory. */
  readonly following: readonly Followed[];
  /** Drops that the next complete inventory has to want as well. */
  readonly wantedDrops: ReadonlySet<string>;
  readonly heldDrops: readonly string[];
  /** Indexes that are made after the copy of their collection. */
  readonly afterCopy: readonly IndexOf[];
}

export interface IndexOf {
  readonly database: string;
  readonly collection: string;
  readonly index: IndexDefinition;
}

/** A collection of both sides, as far as it is there. */
export interface Pair {
  readonly database: string;
  readonly source: SourceCollection;
  readonly target: TargetCollection | undefined;
}

/**
 * What has to be done so that the target has the source's structure; pure. In the order in which it has to be done:
 * databases, analyzers, what makes room for collections, prototypes before those that follow them, settings, indexes,
 * views, and at last what the source does not have any longer, in the reverse order.
 */
export function planStructure(source: Inventory, target: TargetStructure, memory: StructureMemory): StructurePlan {
  const replaced = replacedDatabases(source, target, memory);
  const present = withoutDatabases(source, replaced);
  const pairs = pairsOf(present, target, memory);
  const judged = withFollowersRemade<Verdict>(
    pairs.map((pair) => ({ pair, verdict: judge(pair, target, memory) })),
    memory,
  );
  const problems = judged.flatMap(({ pair, verdict }) =>
    verdict.kind === 'problem' ? [{ ...nameOf(pair), reason: verdict.reason }] : [],
  );
  const remade = judged.flatMap(({ pair, verdict }) =>
    verdict.kind === 'make-anew' ? [{ pair, reason: verdict.reason }] : [],
  );
  const drops = planDrops(present, target, memory, { pairs, remade });
  const search = planSearch(present, target, memory);
  const anew = new Set(drops.anew);
  const waits = waitsForPrototype(judged, drops.anew);
  const missing = judged
    .filter(({ pair, verdict }) => verdict.kind === 'create' || anew.has(pair))
    .map(({ pair }) => pair)
    .filter((pair) => !waits(pair));
  const kept = judged
    .filter(({ verdict }) => verdict.kind === 'keep')
    .map(({ pair }) => pair)
    .filter((pair) => !waitsForName(pair, target.databases, pairs));
  const indexes = [...kept, ...missing].flatMap((pair) => missingIndexes(pair, anew.has(pair)));
  const isForLater = ({ id, index }: (typeof indexes)[number]) =>
    learnsFromDocuments(index) && (id === undefined || !memory.copied.has(id));
  return {
    steps: [
      ...createDatabases(present, target),
      ...search.analyzers,
      ...renames(kept),
      ...drops.before,
      ...prototypesFirst(missing).map((pair) => creation(source, target, pair, pairs)),
      ...kept.flatMap((pair) => change(source, target, pair)),
      ...kept.flatMap((pair) => indexDrops(source, pair)),
      ...indexes
        .filter((wanted) => !isForLater(wanted))
        .map(({ id: _, ...wanted }) => ({ kind: 'create-index' as const, ...wanted })),
      ...search.views,
      // While too much would go at once nothing else goes either.
      ...(drops.held.length === 0 ? search.drops : []),
      ...drops.after,
    ],
    problems: [...problems, ...kept.flatMap(unkeptIndexes), ...search.problems],
    notes: kept.flatMap((pair) => [...copyNotes(source, target, pair), ...pairingNotes(source, pair)]),
    ready: kept.filter(({ source, target }) => target?.name === source.targetName).flatMap(shardsOf),
    following: [
      ...followedDatabases(present, target),
      ...kept.flatMap((pair) => {
        const { source: wanted, target: stored } = pair;
        if (stored === undefined) return [];
        const facts = factsOf(source.deploymentId, wanted);
        return [{ targetId: stored.id, sourceId: wanted.globallyUniqueId, collection: { facts, pair } }];
      }),
    ],
    wantedDrops: new Set([...drops.wanted, ...search.wanted]),
    heldDrops: drops.held,
    afterCopy: indexes.filter(isForLater),
  };
}

/** Under which name the memory has a database of the target. */
export function databaseKey(id: string): string {
  return `database-${id}`;
}

/**
 * Databases that were made anew on the source under the same name: they go as a whole before anything of the new one comes,
 * since system collections cannot go one by one. One that holds what is not looked at stays, and so do these.
 */
function replacedDatabases(source: Inventory, target: TargetStructure, memory: StructureMemory): ReadonlySet<string> {
  const replaced = source.databases.filter(({ name, id }) => {
    const stored = target.databases.get(name);
    const followed = stored === undefined ? undefined : memory.followed.get(databaseKey(stored.id));
    return followed !== undefined && followed !== id && stored?.holdsOther !== true;
  });
  return new Set(replaced.map(({ name }) => name));
}

function withoutDatabases(source: Inventory, names: ReadonlySet<string>): Inventory {
  return { ...source, databases: source.databases.filter(({ name }) => !names.has(name)) };
}

function followedDatabases(source: Inventory, target: TargetStructure): StructurePlan['following'] {
  return source.databases.flatMap(({ name, id }) => {
    const stored = target.databases.get(name);
    return stored === undefined || stored.id === '' ? [] : [{ targetId: databaseKey(stored.id), sourceId: id }];
  });
}

type Verdict =
  | { readonly kind: 'keep' }
  | { readonly kind: 'create' }
  | { readonly kind: 'make-anew'; readonly reason: string }
  | { readonly kind: 'problem'; readonly reason: string };

function judge({ source, target: stored }: Pair, target: TargetStructure, memory: StructureMemory): Verdict {
  const never = impossible(source);
  if (never !== undefined) return { kind: 'problem', reason: never };
  if (stored === undefined) return { kind: 'create' };
  const followed = memory.followed.get(stored.id);
  if (followed !== undefined && followed !== source.globallyUniqueId) {
    return { kind: 'make-anew', reason: 'it was made anew on the source' };
  }
  const difference = lastingDifference(source, stored);
  if (difference === undefined) return { kind: 'keep' };
  const { text, kind } = difference;
  const isSharding = kind === 'sharding';
  // What is followed as it is stays so: only an empty one, that the target can make otherwise, is better made anew.
  if (isSharding && (target.kind === 'single' || followed !== undefined)) return { kind: 'keep' };
  if (followed !== undefined) return { kind: 'make-anew', reason: text };
  if (!target.filled.has(stored.id)) return { kind: 'make-anew', reason: `${text}, and the target's is empty` };
  const why = isSharding ? unfollowable(stored) : "the target's holds documents that were not replicated";
  if (why === undefined) return { kind: 'keep' };
  return { kind: 'problem', reason: `${text}, and ${why}: drop or rename it on the target` };
}

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

function pairsOf(source: Inventory, target: TargetStructure, memory: StructureMemory): Pair[] {
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

function createDatabases(source: Inventory, target: TargetStructure): Step[] {
  return source.databases
    .filter(({ name }) => !target.databases.has(name))
    .map((database) => ({
      kind: 'create-database',
      database: database.name,
      settings: databaseSettings(source.kind, target, database),
      note: copiesNote(source.kind, target, { ...database }) ?? '',
    }));
}

function creation(source: Inventory, target: TargetStructure, pair: Pair, pairs: readonly Pair[]): Step {
  const prototype = prototypeOf(pair, pairs, target);
  const settings = creationSettings(source.kind, target, pair.source, prototype);
  const note = prototype === undefined ? copiesNote(source.kind, target, pair.source.parameters) : undefined;
  return { kind: 'create-collection', ...nameOf(pair), settings, note: note ?? '' };
}

/** Of what follows a prototype, that one decides. */
function copyNotes(source: Inventory, target: TargetStructure, pair: Pair): Note[] {
  if (typeof pair.target?.parameters.distributeShardsLike === 'string') return [];
  const note = copiesNote(source.kind, target, pair.source.parameters);
  return note === undefined ? [] : [{ ...nameOf(pair), note }];
}

/** The prototype by its name on the target, when it is or will be there. */
function prototypeOf(pair: Pair, pairs: readonly Pair[], target: TargetStructure): string | undefined {
  const like = pair.source.parameters.distributeShardsLike;
  if (typeof like !== 'string' || like === '') return undefined;
  const planned = pairs.find(({ database, source }) => database === pair.database && source.name === like);
  if (planned !== undefined) return planned.source.targetName;
  return target.databases.get(pair.database)?.collections.has(like) === true ? like : undefined;
}

function prototypesFirst(pairs: readonly Pair[]): readonly Pair[] {
  const follows = ({ source }: Pair) => typeof source.parameters.distributeShardsLike === 'string';
  return [...pairs.filter((pair) => !follows(pair)), ...pairs.filter(follows)];
}

function change(source: Inventory, target: TargetStructure, pair: Pair): Step[] {
  if (pair.target === undefined) return [];
  const settings = changedSettings(source.kind, target, pair.source, pair.target);
  return Object.keys(settings).length === 0 ? [] : [{ kind: 'change-collection', ...nameOf(pair), settings }];
}

/** An index that the source does not have, or has with another definition; only a complete inventory says so. */
function indexDrops(source: Inventory, pair: Pair): Step[] {
  if (!source.complete || pair.target === undefined) return [];
  return pair.target.indexes
    .filter((index) => isReplicatedIndex(index) && !pair.source.indexes.some((wanted) => sameIndex(wanted, index)))
    .map((index) => ({ kind: 'drop-index', ...nameOf(pair), index: index.name }));
}

/** `id`: of the target's collection, undefined for one that is to be made. */
function missingIndexes(pair: Pair, anew: boolean): readonly (IndexOf & { readonly id: string | undefined })[] {
  const target = anew ? undefined : pair.target;
  const stored = target?.indexes ?? [];
  return pair.source.indexes
    .filter((index) => isReplicatedIndex(index) && !stored.some((known) => sameIndex(index, known)))
    .map((index) => ({ ...nameOf(pair), index, id: target?.id }));
}

/** What the target's version does not know of a collection's indexes. */
function unkeptIndexes(pair: Pair): StructureReport['problems'] {
  const { source, target: stored } = pair;
  if (stored === undefined) return [];
  const name = nameOf(pair);
  return source.indexes.flatMap((index) => {
    const there = stored.indexes.find((known) => sameIndex(index, known));
    const unkept = there === undefined ? [] : unkeptOfIndex(index, there);
    return unkept.length === 0 ? [] : [{ ...name, reason: unkeptReason(`index ${index.name}`, unkept) }];
  });
}

/** What is compared by key and content, and why. */
function pairingNotes(source: Inventory, pair: Pair): Note[] {
  if (pair.target === undefined) return [];
  const { note } = pairingOf(factsOf(source.deploymentId, pair.source), pair.target);
  return note === '' ? [] : [{ ...nameOf(pair), note }];
}

/** Names on the target. */
function nameOf({ database, source }: Pair): { readonly database: string; readonly collection: string } {
  return { database, collection: source.targetName };
}

function shardsOf({ database, source }: Pair): ShardRef[] {
  return source.shards.map((_, shardIndex) => ({ database, collection: source.name, shardIndex }));
}
