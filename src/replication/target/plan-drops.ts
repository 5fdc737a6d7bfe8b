import type { Inventory } from '../inventory.ts';
import { isOwnCollection } from '../system-collections.ts';
import type { TargetCollection } from './read-structure.ts';
import type { Pair, Step, StructureMemory, TargetStructure } from './structure-steps.ts';

const SYSTEM = '_system';

/** More than this part of the target's collections at once: an operator has to confirm it (S1). */
const SHARE_HELD = 0.5;

interface Candidate {
  readonly database: string;
  readonly collection: TargetCollection;
  readonly reason: string;
  /** Set when it is made again at once. */
  readonly pair: Pair | undefined;
}

export interface Remade {
  readonly pair: Pair;
  readonly reason: string;
}

export interface PlannedDrops {
  /** Drops that make room for collections made anew. */
  readonly before: readonly Step[];
  /** Drops of what the source does not have any longer. */
  readonly after: readonly Step[];
  /** Pairs whose drop is among {@link before}. */
  readonly anew: readonly Pair[];
  /** Every drop that this inventory wants: the next one has to want it too. */
  readonly wanted: ReadonlySet<string>;
  /** `database/collection`: too many at once. */
  readonly held: readonly string[];
}

const NONE: PlannedDrops = { before: [], after: [], anew: [], wanted: new Set(), held: [] };

/**
 * S1: nothing is dropped unless two complete inventories in a row want it gone, and never more than half of all at once
 * without an operator's word: a source that was set up empty must not empty its copy.
 */
export function planDrops(
  source: Inventory,
  target: TargetStructure,
  memory: StructureMemory,
  { pairs, remade }: { readonly pairs: readonly Pair[]; readonly remade: readonly Remade[] },
): PlannedDrops {
  if (!source.complete) return NONE;
  const candidates = [...anewOf(remade), ...surplusOf(source, target, memory, pairs)];
  const databases = surplusDatabases(source, target);
  const wanted = new Set([...candidates.map(identityOf), ...databases.map(databaseIdentity)]);
  const agreed = candidates.filter((candidate) => memory.agreed.has(identityOf(candidate)));
  const tooMany = candidates.length > SHARE_HELD * countCollections(target, memory);
  const held = tooMany ? agreed.filter((candidate) => !memory.confirmed.has(labelOf(candidate))) : [];
  const allowed = agreed.filter((candidate) => !held.includes(candidate));
  const going = databases.filter(
    (database) =>
      memory.agreed.has(databaseIdentity(database)) &&
      candidates.every((candidate) => candidate.database !== database || allowed.includes(candidate)),
  );
  const dropped = followersFirst(allowed.filter(({ database }) => !databases.includes(database)));
  return {
    before: dropped.filter(({ pair }) => pair !== undefined).map(stepOf),
    after: [
      ...dropped.filter(({ pair }) => pair === undefined).map(stepOf),
      // With all that is in it: collections that graphs or others hold on to could not go before it.
      ...going.map((database): Step => ({ kind: 'drop-database', database })),
    ],
    anew: dropped.flatMap(({ pair }) => (pair === undefined ? [] : [pair])),
    wanted,
    held: held.map(labelOf),
  };
}

function anewOf(remade: readonly Remade[]): Candidate[] {
  return remade.flatMap(({ pair, reason }) =>
    pair.target === undefined ? [] : [{ database: pair.database, collection: pair.target, reason, pair }],
  );
}

function surplusOf(
  source: Inventory,
  target: TargetStructure,
  memory: StructureMemory,
  pairs: readonly Pair[],
): Candidate[] {
  // On a single server a name that is wanted may be that of something else: what shall have it is called otherwise yet.
  const isSingle = target.kind === 'single';
  const taken = new Set(pairs.map((pair) => pair.target?.id));
  return [...target.databases.values()].flatMap(({ name: database, collections }) => {
    const wanted = source.databases.find(({ name }) => name === database);
    const names = new Set([
      ...(isSingle ? [] : (wanted?.collections ?? [])).map(({ targetName }) => targetName),
      ...(wanted?.excluded ?? []).map(({ name }) => name),
    ]);
    return [...collections.values()]
      .filter(({ id, name }) => !names.has(name) && !taken.has(id) && isDroppable({ id, name }, memory))
      .map((collection) => ({ database, collection, reason: 'the source does not have it', pair: undefined }));
  });
}

/** Collections of the server itself are not ours to drop; those that we made are, and those of ours never. */
function isDroppable({ id, name }: { readonly id: string; readonly name: string }, memory: StructureMemory): boolean {
  if (isOwnCollection(name)) return false;
  return !name.startsWith('_') || memory.followed.has(id);
}

/** One that holds what is not looked at stays: only what is surplus in it goes. */
function surplusDatabases(source: Inventory, target: TargetStructure): readonly string[] {
  const wanted = new Set(source.databases.map(({ name }) => name));
  return [...target.databases.values()]
    .filter(({ name, holdsOther }) => name !== SYSTEM && !wanted.has(name) && holdsOther !== true)
    .map(({ name }) => name);
}

function countCollections(target: TargetStructure, memory: StructureMemory): number {
  const all = [...target.databases.values()].flatMap(({ collections }) => [...collections.values()]);
  return all.filter((collection) => isDroppable(collection, memory)).length;
}

/** A prototype cannot go while others follow it (reference 1.4: 1485). */
function followersFirst(candidates: readonly Candidate[]): readonly Candidate[] {
  const follows = ({ collection }: Candidate) => typeof collection.parameters.distributeShardsLike === 'string';
  return [...candidates.filter(follows), ...candidates.filter((candidate) => !follows(candidate))];
}

function stepOf({ database, collection, reason, pair }: Candidate): Step {
  const isSystem = collection.parameters.isSystem === true;
  const makesRoom = pair !== undefined;
  return { kind: 'drop-collection', database, collection: collection.name, makesRoom, isSystem, reason };
}

function labelOf({ database, collection }: Candidate): string {
  return `${database}/${collection.name}`;
}

function identityOf({ database, collection }: Candidate): string {
  return `${database}/${collection.name}/${collection.id}`;
}

function databaseIdentity(database: string): string {
  return `${database}/`;
}
