import type { IndexDefinition } from '../inventory.ts';

/** Attributes that are not definition: drawn by each server, or different from version to version (reference 3.3). */
const NOT_DEFINITION = new Set([
  'id',
  'objectId',
  'name',
  'selectivityEstimate',
  'isNewlyCreated',
  'bestIndexedLevel',
  'worstIndexedLevel',
  'maxNumCoverCells',
  'inBackground',
  'version',
  'cleanupIntervalStep',
  'commitIntervalMsec',
  'consolidationIntervalMsec',
  'consolidationPolicy',
  'writebufferActive',
  'writebufferIdle',
  'writebufferSizeMax',
  'figures',
  'progress',
  'trainingState',
  'errorMessage',
]);

/** Types that newer servers call otherwise and that behave the same. */
const ALIASES = new Map([
  ['hash', 'persistent'],
  ['skiplist', 'persistent'],
  ['zkd', 'mdi'],
  ['geo1', 'geo'],
  ['geo2', 'geo'],
]);

/** Indexes that a collection has by itself; links of views are the views' affair. */
const NOT_REPLICATED = new Set(['primary', 'edge', 'arangosearch']);

export function isReplicatedIndex(index: IndexDefinition): boolean {
  return !NOT_REPLICATED.has(index.type);
}

/**
 * Whether two definitions mean the same index under the same name. What only one side tells is not compared: versions
 * differ in what they tell.
 */
export function sameIndex(source: IndexDefinition, target: IndexDefinition): boolean {
  if (source.name !== target.name || typeOf(source) !== typeOf(target)) return false;
  if ((source.unique ?? false) !== (target.unique ?? false)) return false;
  return Object.keys(source)
    .filter((attribute) => attribute !== 'type' && isIndexDefinition(attribute) && attribute in target)
    .every((attribute) => canonical(source[attribute]) === canonical(target[attribute]));
}

/** Whether an attribute belongs to what an index is, in every version. */
export function isIndexDefinition(attribute: string): boolean {
  return !NOT_DEFINITION.has(attribute);
}

/**
 * Whether the index is trained with the documents that it finds when it is made: up to 3.12.8 it cannot be made without,
 * and later ones are trained once, so with a part of a copy they would stay bad. `arangorestore` makes it behind the data as
 * well, and every other index before.
 */
export function learnsFromDocuments({ type }: IndexDefinition): boolean {
  return type === 'vector';
}

/** Body that makes the index on the target. */
export function creationOf(index: IndexDefinition): Readonly<Record<string, unknown>> {
  const { id: _, objectId: __, selectivityEstimate: ___, ...definition } = index;
  return { ...definition, inBackground: true };
}

function typeOf({ type }: IndexDefinition): string {
  return ALIASES.get(type) ?? type;
}

/** JSON with the keys of objects in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
