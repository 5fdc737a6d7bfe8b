import type { Json, JsonObject } from '../engine/types.ts';
import { isObject } from '../http/body.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Features } from '../versions/features.ts';
import { needCollectionName } from './names.ts';

/** Limits of reference 3.2. */
export const SHARDS_MAX = 1000;
export const SHARD_KEYS_MAX = 8;
export const REPLICATION_FACTOR_MAX = 10;

/** A collection as somebody wishes it: judged and completed. */
export interface CollectionWish {
  readonly name: string;
  readonly type: 2 | 3;
  readonly isSystem: boolean;
  readonly globallyUniqueId: string | undefined;
  /** `waitForSync`, `cacheEnabled`, `schema`, `computedValues`, `keyOptions`, `isSmart…`, … */
  readonly properties: JsonObject;
  readonly sharding: ShardingWish;
}

/** How a collection is spread in a cluster; `undefined` where the body says nothing. */
export interface ShardingWish {
  readonly numberOfShards: number | undefined;
  readonly shardKeys: readonly string[] | undefined;
  readonly shardingStrategy: string | undefined;
  readonly replicationFactor: number | 'satellite' | undefined;
  readonly writeConcern: number | undefined;
  readonly distributeShardsLike: string | undefined;
}

const strategies: ReadonlySet<string> = new Set([
  'hash',
  'community-compat',
  'enterprise-compat',
  'enterprise-smart-edge-compat',
  'enterprise-hash-smart-edge',
  'enterprise-hex-smart-vertex',
]);

/** Judges a body of `POST /_api/collection` or the `parameters` of restore-collection (3.2, 7.1). */
export function readCollection(body: JsonObject, isRestore: boolean, features: Features): CollectionWish {
  const { name } = body;
  if (typeof name !== 'string' || name === '') throw new ArangoApiError(1208, 'illegal name');
  const isSystem = isRestore ? name.startsWith('_') : body.isSystem === true;
  needCollectionName(name, isSystem, features);
  const guid = isRestore && typeof body.globallyUniqueId === 'string' ? body.globallyUniqueId : undefined;
  return {
    name,
    type: readType(body.type, isRestore),
    isSystem,
    globallyUniqueId: guid,
    properties: {
      waitForSync: body.waitForSync === true,
      cacheEnabled: body.cacheEnabled === true,
      schema: readSchema(body.schema),
      ...(features.computedValues ? { computedValues: readComputedValues(body.computedValues) } : {}),
      keyOptions: readKeyOptions(body.keyOptions, isRestore || !features.strictKeyOptions),
      ...readSmart(body, isRestore),
    },
    sharding: readSharding(body, isRestore),
  };
}

function readType(type: Json | undefined, isRestore: boolean): 2 | 3 {
  if (type === 3 || type === 'edge') return 3;
  if (isRestore && typeof type === 'number' && type !== 2) throw new ArangoApiError(1218, 'collection type invalid');
  return 2;
}

function readSmart(body: JsonObject, isRestore: boolean): JsonObject {
  const smart: Record<string, Json> = {};
  if (body.isSmart === true) smart.isSmart = true;
  if (body.isDisjoint === true) smart.isDisjoint = true;
  for (const name of ['smartGraphAttribute', 'smartJoinAttribute']) {
    const value = body[name];
    if (typeof value === 'string' && value !== '') smart[name] = value;
  }
  if (isRestore && body.isSmartChild === true) smart.isSmartChild = true;
  // As collections that were made by versions before 3.8 have it (reference 3.2, 7.1).
  for (const name of ['syncByRevision', 'usesRevisionsAsDocumentIds']) {
    if (isRestore && body[name] === false) smart[name] = false;
  }
  if (isRestore && typeof body.internalValidatorType === 'number') {
    smart.internalValidatorType = body.internalValidatorType;
  }
  return smart;
}

/** The schema as it reads back (3.2); 400/1621 for a bad one. */
export function readSchema(schema: Json | undefined): Json {
  if (schema === undefined || schema === null) return null;
  if (!isObject(schema)) throw badSchema('Schema description is not an object.');
  if (Object.keys(schema).length === 0) return null;
  const { rule, level = 'strict', message = '', type = 'json' } = schema;
  if (!isObject(rule)) throw badSchema('Schema validation requires a rule that is an object.');
  if (level !== 'none' && level !== 'new' && level !== 'moderate' && level !== 'strict') {
    throw badSchema('Valid levels are: none, new, moderate, strict.');
  }
  if (typeof message !== 'string') throw badSchema('The message must be a text.');
  if (type !== 'json') throw badSchema(`The type ${JSON.stringify(type)} is unknown.`);
  return { message, level, type, rule };
}

function badSchema(why: string): ArangoApiError {
  return new ArangoApiError(1621, `Invalid schema: ${why}`);
}

const moments: readonly string[] = ['insert', 'update', 'replace'];

/** Computed values as they read back; 400/10 for bad ones. */
export function readComputedValues(values: Json | undefined): Json {
  if (values === undefined || values === null) return null;
  if (!Array.isArray(values)) throw new ArangoApiError(10, 'Computed values are not an array');
  return values.map(readComputedValue);
}

function readComputedValue(value: Json): JsonObject {
  const bad = (why: string) => new ArangoApiError(10, `invalid 'computedValues' entry: ${why}`);
  if (!isObject(value)) throw bad('it is not an object');
  const { name, expression, overwrite, computeOn = moments, keepNull = true, failOnWarning = false } = value;
  if (typeof name !== 'string' || name === '') throw bad("invalid 'name' attribute");
  if (/^_(key|id|rev|from|to)$/.test(name)) throw bad(`'${name}' is a system attribute`);
  if (typeof expression !== 'string' || !/^\s*return\b/i.test(expression)) throw bad("invalid 'expression'");
  if (typeof overwrite !== 'boolean') throw bad("invalid 'overwrite' attribute");
  if (typeof keepNull !== 'boolean' || typeof failOnWarning !== 'boolean') throw bad('a flag is no boolean');
  if (!Array.isArray(computeOn) || computeOn.length === 0 || !computeOn.every((moment) => moments.includes(moment))) {
    throw bad("invalid 'computeOn' attribute");
  }
  return { name, expression, computeOn, overwrite, failOnWarning, keepNull };
}

function readKeyOptions(given: Json | undefined, isLenient: boolean): JsonObject {
  if (given === undefined || given === null) return { type: 'traditional', allowUserKeys: true };
  if (!isObject(given)) throw new ArangoApiError(1232, 'invalid key generator: keyOptions is no object');
  const { type = 'traditional', allowUserKeys = true, increment, offset, lastValue } = given;
  if (type !== 'traditional' && type !== 'autoincrement' && type !== 'uuid' && type !== 'padded') {
    throw new ArangoApiError(1232, `invalid key generator type '${String(type)}'`);
  }
  const counts = { ...numbered('increment', increment), ...numbered('offset', offset) };
  if (type !== 'autoincrement' && !isLenient && Object.keys(counts).length > 0) {
    throw new ArangoApiError(10, `increment and offset are for autoincrement keys, not ${type}`);
  }
  if (type === 'uuid' && lastValue !== undefined && !isLenient) {
    throw new ArangoApiError(10, 'lastValue is not for uuid keys');
  }
  return {
    allowUserKeys: allowUserKeys !== false,
    type,
    ...(type === 'autoincrement' ? { offset: 0, increment: 1, ...counts } : {}),
    ...(type === 'uuid' ? {} : numbered('lastValue', lastValue)),
  };
}

function numbered(name: string, value: Json | undefined): JsonObject {
  if (value === undefined) return {};
  if (typeof value !== 'number' || value < 0 || !Number.isFinite(value)) {
    throw new ArangoApiError(10, `invalid value for keyOptions.${name}`);
  }
  return { [name]: value };
}

function readSharding(body: JsonObject, isRestore: boolean): ShardingWish {
  const { shardingStrategy, distributeShardsLike } = body;
  if (shardingStrategy !== undefined && shardingStrategy !== '' && !strategies.has(shardingStrategy as string)) {
    throw new ArangoApiError(10, `invalid sharding strategy ${JSON.stringify(shardingStrategy)}`);
  }
  if (distributeShardsLike !== undefined && distributeShardsLike !== null && typeof distributeShardsLike !== 'string') {
    throw new ArangoApiError(10, "invalid value for 'distributeShardsLike'");
  }
  return {
    numberOfShards: readNumberOfShards(body, isRestore),
    shardKeys: readShardKeys(body.shardKeys),
    shardingStrategy: typeof shardingStrategy === 'string' && shardingStrategy !== '' ? shardingStrategy : undefined,
    replicationFactor: readReplicationFactor(body.replicationFactor),
    writeConcern: readCount('writeConcern', body.writeConcern ?? body.minReplicationFactor),
    distributeShardsLike:
      typeof distributeShardsLike === 'string' && distributeShardsLike !== '' ? distributeShardsLike : undefined,
  };
}

function readNumberOfShards(body: JsonObject, isRestore: boolean): number | undefined {
  const given = readCount('numberOfShards', body.numberOfShards);
  if (given !== undefined) {
    if (given > SHARDS_MAX) throw new ArangoApiError(1450, 'too many shards');
    if (given > 0) return given;
    if (!isRestore) throw new ArangoApiError(10, "invalid value for 'numberOfShards'");
  }
  return isRestore && isObject(body.shards) ? Math.max(1, Object.keys(body.shards).length) : undefined;
}

function readShardKeys(keys: Json | undefined): readonly string[] | undefined {
  if (keys === undefined || keys === null) return undefined;
  const valid =
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.length <= SHARD_KEYS_MAX &&
    keys.every((key) => typeof key === 'string' && key !== '' && !/^_(id|rev|from|to)$/.test(key));
  if (!valid) throw new ArangoApiError(10, "invalid value for 'shardKeys'");
  return keys as readonly string[];
}

/** A replication factor; 0 counts as satellite. */
export function readReplicationFactor(value: Json | undefined): number | 'satellite' | undefined {
  if (value === 'satellite' || value === 0) return 'satellite';
  const factor = readCount('replicationFactor', value);
  if (factor !== undefined && factor > REPLICATION_FACTOR_MAX) {
    throw new ArangoApiError(10, `replicationFactor must not be higher than ${REPLICATION_FACTOR_MAX}`);
  }
  return factor;
}

/** A whole number of at least 0; 400/10 for anything else. */
export function readCount(name: string, value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw new ArangoApiError(10, `invalid value for '${name}'`);
  }
  return value;
}

/** The part of a `PUT …/properties` that applies everywhere (3.2); the rest is ignored. */
export function readChange(body: JsonObject, features: Features): JsonObject {
  const change: Record<string, Json> = {};
  if (typeof body.waitForSync === 'boolean') change.waitForSync = body.waitForSync;
  if (typeof body.cacheEnabled === 'boolean') change.cacheEnabled = body.cacheEnabled;
  if (body.schema !== undefined) change.schema = readSchema(body.schema);
  if (features.computedValues && body.computedValues !== undefined)
    change.computedValues = readComputedValues(body.computedValues);
  return change;
}
