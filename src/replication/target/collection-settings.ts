import type { Inventory, SourceCollection, SourceDatabase } from '../inventory.ts';
import { canonical } from './index-difference.ts';
import type { TargetCollection } from './read-structure.ts';

/** What a target is, as far as settings of collections depend on it. */
export interface TargetKind {
  readonly kind: 'single' | 'cluster';
  readonly dbServers: number;
}

type Settings = Readonly<Record<string, unknown>>;

/** Attributes that can be changed on a collection that is there (reference 3.2). */
const CHANGEABLE = ['waitForSync', 'cacheEnabled', 'schema', 'computedValues'] as const;
/** Attributes of a new collection that are taken as they are. */
const TAKEN = ['isSystem', 'smartGraphAttribute', 'smartJoinAttribute', 'isSmart', 'isDisjoint'] as const;
/** A counter, not a definition: generated keys go on from the replicated ones. */
const KEY_COUNTER = 'lastValue';

/** Replication factor and write concern for the target: no more copies than it has servers (reference 3.2, 1487). */
export function copiesFor(source: Inventory['kind'], target: TargetKind, parameters: Settings): Settings {
  if (source === 'single' || target.kind === 'single') return {};
  const { replicationFactor, writeConcern } = parameters;
  if (typeof replicationFactor !== 'number') return replicationFactor === undefined ? {} : { replicationFactor };
  // 0 is another spelling of satellite.
  const capped = replicationFactor === 0 ? 0 : Math.min(replicationFactor, Math.max(1, target.dbServers));
  const concern = typeof writeConcern === 'number' ? { writeConcern: Math.min(writeConcern, Math.max(1, capped)) } : {};
  return { replicationFactor: capped, ...concern };
}

/** Body that makes the collection on the target; `prototype`: the collection whose distribution it follows there. */
export function creationSettings(
  source: Inventory['kind'],
  target: TargetKind,
  collection: SourceCollection,
  prototype: string | undefined,
): Settings {
  const { parameters } = collection;
  const own = pick(parameters, [...CHANGEABLE, ...TAKEN]);
  const base = {
    name: collection.targetName,
    type: parameters.type,
    ...own,
    ...(isObject(parameters.keyOptions) ? { keyOptions: without(parameters.keyOptions, KEY_COUNTER) } : {}),
  };
  if (target.kind === 'single') return base;
  return {
    ...base,
    numberOfShards: collection.shards.length,
    shardKeys: Array.isArray(parameters.shardKeys) ? parameters.shardKeys : ['_key'],
    shardingStrategy: typeof parameters.shardingStrategy === 'string' ? parameters.shardingStrategy : 'hash',
    ...(prototype === undefined ? copiesFor(source, target, parameters) : { distributeShardsLike: prototype }),
  };
}

/** Settings that differ and can be changed; empty when none do. A follower's copies are its prototype's affair. */
export function changedSettings(
  source: Inventory['kind'],
  target: TargetKind,
  collection: SourceCollection,
  stored: TargetCollection,
): Settings {
  const follows = typeof stored.parameters.distributeShardsLike === 'string';
  const wanted = {
    ...pick(collection.parameters, CHANGEABLE),
    ...(follows ? {} : copiesFor(source, target, collection.parameters)),
  };
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => canonical(value ?? null) !== canonical(stored.parameters[name] ?? null),
    ),
  );
}

/** Body of `POST /_api/database`. */
export function databaseSettings(source: Inventory['kind'], target: TargetKind, database: SourceDatabase): Settings {
  const { name, sharding } = database;
  if (source === 'single' || target.kind === 'single') return { name };
  const options = { ...(sharding ? { sharding } : {}), ...copiesFor(source, target, { ...database }) };
  return { name, options };
}

function pick(from: Settings, names: readonly string[]): Settings {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
}

function without(from: Settings, name: string): Settings {
  return Object.fromEntries(Object.entries(from).filter(([key]) => key !== name));
}

function isObject(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
