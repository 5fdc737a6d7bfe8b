import type { ShardRef } from '../../wire/shards.ts';
import type { Inventory } from '../inventory.ts';
import { changedSettings, copiesNote, creationSettings } from './collection-settings.ts';
import { learnsFromDocuments } from './index-difference.ts';
import { judge, type Verdict } from './judge-collection.ts';
import { nameOf, pairsOf } from './pair-collections.ts';
import { factsOf, pairingOf } from './pairing.ts';
import { createDatabases, followedDatabases, replacedDatabases, withoutDatabases } from './plan-databases.ts';
import { planDrops } from './plan-drops.ts';
import { indexDrops, missingIndexes, unkeptIndexes } from './plan-indexes.ts';
import { planSearch } from './plan-search.ts';
import { waitsForPrototype, withFollowersRemade } from './remade-prototypes.ts';
import { renames, waitsForName } from './renames.ts';
import type { Note } from './structure-notes.ts';
import type { Pair, Step, StructureMemory, StructurePlan, TargetStructure } from './structure-steps.ts';

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

/** What is compared by key and content, and why. */
function pairingNotes(source: Inventory, pair: Pair): Note[] {
  if (pair.target === undefined) return [];
  const { note } = pairingOf(factsOf(source.deploymentId, pair.source), pair.target);
  return note === '' ? [] : [{ ...nameOf(pair), note }];
}

function shardsOf({ database, source }: Pair): ShardRef[] {
  return source.shards.map((_, shardIndex) => ({ database, collection: source.name, shardIndex }));
}
