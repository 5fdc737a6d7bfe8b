import type { ShardRef } from '../../wire/shards.ts';
import type { StructureReport } from '../../wire/worker.ts';
import type { IndexDefinition, Inventory, SourceCollection } from '../inventory.ts';
import { isOwnCollection } from '../system-collections.ts';
import {
  changedSettings,
  copiesFor,
  creationSettings,
  databaseSettings,
  type TargetKind,
} from './collection-settings.ts';
import { isReplicatedIndex, sameIndex } from './index-difference.ts';
import { planDrops } from './plan-drops.ts';
import { planSearch, type SearchStep } from './plan-search.ts';
import type { TargetCollection, TargetDatabase } from './read-structure.ts';
import { impossibleOn, lastingDifference } from './structure-problems.ts';

type Settings = Readonly<Record<string, unknown>>;

/** One change of the target's structure. */
export type Step =
  | { readonly kind: 'create-database'; readonly database: string; readonly settings: Settings }
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
  /** By id of the target's collection: the globallyUniqueId of the source's collection that it follows. */
  readonly followed: ReadonlyMap<string, string>;
  /** Drops that the complete inventory before this one wanted as well: `database/collection/id` (S1). */
  readonly agreed: ReadonlySet<string>;
  /** Drops that an operator confirmed: `database/collection`. */
  readonly confirmed: ReadonlySet<string>;
}

export interface StructurePlan {
  readonly steps: readonly Step[];
  readonly problems: StructureReport['problems'];
  /** Shards of collections that are on the target as they must be. */
  readonly ready: readonly ShardRef[];
  /** Collections that are, for the memory. */
  readonly following: readonly { readonly targetId: string; readonly sourceId: string }[];
  /** Drops that the next complete inventory has to want as well. */
  readonly wantedDrops: ReadonlySet<string>;
  readonly heldDrops: readonly string[];
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
  const pairs = pairsOf(source, target, memory);
  const judged = pairs.map((pair) => ({ pair, verdict: judge(pair, target, memory) }));
  const problems = judged.flatMap(({ pair, verdict }) =>
    verdict.kind === 'problem' ? [{ ...nameOf(pair), reason: verdict.reason }] : [],
  );
  const remade = judged.flatMap(({ pair, verdict }) =>
    verdict.kind === 'make-anew' ? [{ pair, reason: verdict.reason }] : [],
  );
  const drops = planDrops(source, target, memory, remade);
  const search = planSearch(source, target, memory);
  const anew = new Set(drops.anew);
  const missing = judged
    .filter(({ pair, verdict }) => verdict.kind === 'create' || anew.has(pair))
    .map(({ pair }) => pair);
  const present = judged.filter(({ verdict }) => verdict.kind === 'keep').map(({ pair }) => pair);
  return {
    steps: [
      ...createDatabases(source, target),
      ...search.analyzers,
      ...renames(present),
      ...drops.before,
      ...prototypesFirst(missing).map((pair) => creation(source, target, pair, pairs)),
      ...present.flatMap((pair) => change(source, target, pair)),
      ...present.flatMap((pair) => indexDrops(source, pair)),
      ...[...present, ...missing].flatMap((pair) => indexCreations(pair, anew.has(pair))),
      ...search.views,
      // While too much would go at once nothing else goes either.
      ...(drops.held.length === 0 ? search.drops : []),
      ...drops.after,
    ],
    problems,
    ready: present.filter(({ source, target }) => target?.name === source.targetName).flatMap(shardsOf),
    following: present.flatMap(({ source: { globallyUniqueId }, target: stored }) =>
      stored === undefined ? [] : [{ targetId: stored.id, sourceId: globallyUniqueId }],
    ),
    wantedDrops: new Set([...drops.wanted, ...search.wanted]),
    heldDrops: drops.held,
  };
}

type Verdict =
  | { readonly kind: 'keep' }
  | { readonly kind: 'create' }
  | { readonly kind: 'make-anew'; readonly reason: string }
  | { readonly kind: 'problem'; readonly reason: string };

function judge({ source, target: stored }: Pair, target: TargetStructure, memory: StructureMemory): Verdict {
  const impossible = impossibleOn(target.kind, source);
  if (impossible !== undefined) return { kind: 'problem', reason: impossible };
  if (stored === undefined) return { kind: 'create' };
  const followed = memory.followed.get(stored.id);
  if (followed !== undefined && followed !== source.globallyUniqueId) {
    return { kind: 'make-anew', reason: 'it was made anew on the source' };
  }
  const difference = lastingDifference(source, stored);
  if (difference === undefined) return { kind: 'keep' };
  if (followed !== undefined) return { kind: 'make-anew', reason: difference };
  if (!target.filled.has(stored.id)) return { kind: 'make-anew', reason: `${difference}, and the target's is empty` };
  return {
    kind: 'problem',
    reason: `${difference}, and the target's holds documents that were not replicated: drop or rename it on the target`,
  };
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
    const wanted = new Set(database.collections.map(({ targetName }) => targetName));
    const collections = database.collections.filter(({ targetName }) => !isOwnCollection(targetName));
    return collections.map((collection) => ({
      database: database.name,
      source: collection,
      target: stored?.collections.get(collection.targetName) ?? renamed(collection, stored, wanted, target, memory),
    }));
  });
}

/** The target's collection that follows this one under the name it had before (single servers only). */
function renamed(
  source: SourceCollection,
  stored: TargetDatabase | undefined,
  wanted: ReadonlySet<string>,
  target: TargetStructure,
  memory: StructureMemory,
): TargetCollection | undefined {
  if (target.kind !== 'single' || stored === undefined) return undefined;
  return [...stored.collections.values()].find(
    ({ id, name }) => memory.followed.get(id) === source.globallyUniqueId && !wanted.has(name),
  );
}

function renames(present: readonly Pair[]): Step[] {
  return present.flatMap(({ database, source, target }) =>
    target === undefined || target.name === source.targetName
      ? []
      : [{ kind: 'rename-collection', database, collection: target.name, to: source.targetName }],
  );
}

function createDatabases(source: Inventory, target: TargetStructure): Step[] {
  return source.databases
    .filter(({ name }) => !target.databases.has(name))
    .map((database) => ({
      kind: 'create-database',
      database: database.name,
      settings: databaseSettings(source.kind, target, database),
    }));
}

function creation(source: Inventory, target: TargetStructure, pair: Pair, pairs: readonly Pair[]): Step {
  const prototype = prototypeOf(pair, pairs, target);
  const settings = creationSettings(source.kind, target, pair.source, prototype);
  return { kind: 'create-collection', ...nameOf(pair), settings, note: capNote(source, target, pair.source) };
}

function capNote(source: Inventory, target: TargetKind, { parameters }: SourceCollection): string {
  const { replicationFactor } = copiesFor(source.kind, target, parameters);
  if (replicationFactor === undefined || replicationFactor === parameters.replicationFactor) return '';
  const servers = target.dbServers === 1 ? '1 DB-Server' : `${target.dbServers} DB-Servers`;
  return `replication factor ${String(replicationFactor)} instead of ${String(parameters.replicationFactor)}: the target has ${servers}`;
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

function indexCreations(pair: Pair, anew: boolean): Step[] {
  const stored = anew ? [] : (pair.target?.indexes ?? []);
  return pair.source.indexes
    .filter((index) => isReplicatedIndex(index) && !stored.some((known) => sameIndex(index, known)))
    .map((index) => ({ kind: 'create-index', ...nameOf(pair), index }));
}

/** Names on the target. */
function nameOf({ database, source }: Pair): { readonly database: string; readonly collection: string } {
  return { database, collection: source.targetName };
}

function shardsOf({ database, source }: Pair): ShardRef[] {
  return source.shards.map((_, shardIndex) => ({ database, collection: source.name, shardIndex }));
}
