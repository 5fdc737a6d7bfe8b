import type { Features } from '../versions/features.ts';
import type { Collection } from './collection.ts';
import type { JsonObject } from './types.ts';

/**
 * A collection's definition as the inventory (5.2) and marker 2000 tell it: `parameters`, without `objectId`, `path`,
 * `statusString`. Opaque properties stand as they were given.
 */
export function collectionParameters(collection: Collection, features: Features): JsonObject {
  const { properties, id, name, type, isSystem, globallyUniqueId, planId } = collection;
  const { objectId: _objectId, statusString: _statusString, path: _path, indexes: _indexes, ...kept } = properties;
  return {
    cacheEnabled: false,
    ...(features.computedValues ? { computedValues: null } : {}),
    deleted: false,
    ...(features.internalValidatorType ? { internalValidatorType: 0 } : {}),
    isSmartChild: collection.isSmartChild,
    schema: null,
    status: 3,
    ...(features.supportsRbac ? { supportsRBAC: true } : {}),
    syncByRevision: true,
    usesRevisionsAsDocumentIds: true,
    version: 8,
    waitForSync: false,
    writeConcern: 1,
    ...kept,
    cid: id,
    globallyUniqueId,
    id,
    isSystem,
    keyOptions: keyOptionsOf(collection),
    name,
    planId,
    type,
  };
}

/** Shards do not tell `lastValue`: it is of one server only (3.2). */
function keyOptionsOf(collection: Collection): JsonObject {
  const { lastValue, ...options } = collection.keys.describe();
  return collection.planId !== collection.id || lastValue === undefined ? options : { ...options, lastValue };
}

/** What marker 2000 and 2003 carry: the parameters with the indexes. */
export function describeCollection(collection: Collection, features: Features): JsonObject {
  return { ...collectionParameters(collection, features), indexes: collection.indexes };
}
