import type { Json, JsonObject } from '../engine/types.ts';
import type { Features } from '../versions/features.ts';

/** What a description is made of, on every kind of server. */
export interface Described {
  readonly id: string;
  readonly name: string;
  readonly type: 2 | 3;
  readonly isSystem: boolean;
  readonly globallyUniqueId: string;
  readonly properties: JsonObject;
}

/** `properties` of a collection on a single server, in its order (reference 3.2). */
export function describeLocal(
  collection: Described,
  keyOptions: JsonObject,
  objectId: string,
  features: Features,
): JsonObject {
  const { properties } = collection;
  return {
    writeConcern: 1,
    waitForSync: properties.waitForSync ?? false,
    usesRevisionsAsDocumentIds: properties.usesRevisionsAsDocumentIds ?? true,
    syncByRevision: properties.syncByRevision ?? true,
    ...(features.supportsRbac ? { supportsRBAC: true } : {}),
    statusString: 'loaded',
    id: collection.id,
    isSmartChild: properties.isSmartChild ?? false,
    schema: properties.schema ?? null,
    name: collection.name,
    type: collection.type,
    status: 3,
    cacheEnabled: properties.cacheEnabled ?? false,
    isSystem: collection.isSystem,
    ...(features.internalValidatorType ? { internalValidatorType: properties.internalValidatorType ?? 0 } : {}),
    globallyUniqueId: collection.globallyUniqueId,
    keyOptions,
    ...(features.computedValues ? { computedValues: properties.computedValues ?? null } : {}),
    objectId,
    ...(features.isDisjointOnSingle ? { isDisjoint: properties.isDisjoint ?? false } : {}),
  };
}

/** How a collection is spread, as its properties tell it. */
export interface Spread {
  readonly numberOfShards: number;
  readonly shardKeys: readonly string[];
  readonly shardingStrategy: string;
  readonly replicationFactor: number | 'satellite';
  readonly writeConcern: number;
  /** A name. */
  readonly distributeShardsLike: string | undefined;
}

/** `properties` on a coordinator: without `objectId` and `lastValue`, with the sharding. */
export function describeSpread(
  collection: Described,
  spread: Spread,
  keyOptions: JsonObject,
  features: Features,
): JsonObject {
  const { properties } = collection;
  const { lastValue: _lastValue, ...keys } = keyOptions;
  const isSatellite = spread.replicationFactor === 'satellite';
  return {
    writeConcern: spread.writeConcern,
    waitForSync: properties.waitForSync ?? false,
    usesRevisionsAsDocumentIds: properties.usesRevisionsAsDocumentIds ?? true,
    syncByRevision: properties.syncByRevision ?? true,
    ...(features.supportsRbac ? { supportsRBAC: true } : {}),
    shardingStrategy: spread.shardingStrategy,
    schema: properties.schema ?? null,
    numberOfShards: spread.numberOfShards,
    minReplicationFactor: isSatellite ? 0 : spread.writeConcern,
    id: collection.id,
    isSmartChild: properties.isSmartChild ?? false,
    name: collection.name,
    statusString: 'loaded',
    isSmart: properties.isSmart ?? false,
    replicationFactor: spread.replicationFactor,
    type: collection.type,
    status: 3,
    cacheEnabled: properties.cacheEnabled ?? false,
    isSystem: collection.isSystem,
    ...(features.computedValues ? { computedValues: properties.computedValues ?? null } : {}),
    ...(features.internalValidatorType ? { internalValidatorType: properties.internalValidatorType ?? 0 } : {}),
    globallyUniqueId: collection.globallyUniqueId,
    shardKeys: [...spread.shardKeys] as Json,
    isDisjoint: properties.isDisjoint ?? false,
    keyOptions: keys,
    ...(spread.distributeShardsLike === undefined ? {} : { distributeShardsLike: spread.distributeShardsLike }),
    ...smartAttribute(properties),
  };
}

function smartAttribute(properties: JsonObject): JsonObject {
  const { smartGraphAttribute, smartJoinAttribute } = properties;
  return {
    ...(smartGraphAttribute === undefined ? {} : { smartGraphAttribute }),
    ...(smartJoinAttribute === undefined ? {} : { smartJoinAttribute }),
  };
}
