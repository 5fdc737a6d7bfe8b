import type { Inventory, SourceCollection, SourceDatabase } from '../inventory.ts';
import { canonical } from './index-difference.ts';
import type { TargetCollection } from './read-structure.ts';

/** What a target is, as far as settings of collections depend on it. */
export interface TargetKind {
  readonly kind: 'single' | 'cluster';
  readonly dbServers: number;
  /** Bounds of the replication factor that the target's masters were started with; absent: none. */
  readonly bounds?: ReplicationFactorBounds;
}

export interface ReplicationFactorBounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

type Settings = Readonly<Record<string, unknown>>;

/** Attributes that can be changed on a collection that is there (reference 3.2). */
const CHANGEABLE = ['waitForSync', 'cacheEnabled', 'schema', 'computedValues'] as const;
/** Attributes of a new collection that are taken as they are. */
const TAKEN = ['isSystem', 'smartGraphAttribute', 'smartJoinAttribute', 'isSmart', 'isDisjoint'] as const;
/** A counter, not a definition: generated keys go on from the replicated ones. */
const KEY_COUNTER = 'lastValue';

/**
 * Replication factor and write concern for the target: inside the bounds, and no more copies than it has servers
 * (reference 3.2, 1487). `stored`: what is there already; the factor of a single server, which has none, is that.
 */
export function copiesFor(
  source: Inventory['kind'],
  target: TargetKind,
  parameters: Settings,
  stored: Settings = {},
): Settings {
  if (target.kind === 'single') return {};
  if (source === 'single') return copiesOfSingle(target, stored);
  const { replicationFactor, writeConcern } = parameters;
  if (typeof replicationFactor !== 'number') return replicationFactor === undefined ? {} : { replicationFactor };
  const copies = copiesOf(target, replicationFactor);
  const concern = typeof writeConcern === 'number' ? { writeConcern: Math.min(writeConcern, Math.max(1, copies)) } : {};
  return { replicationFactor: copies, ...concern };
}

/** The target's own default stays where it is inside the bounds. */
function copiesOfSingle(target: TargetKind, { replicationFactor, writeConcern }: Settings): Settings {
  if (target.bounds === undefined) return {};
  if (typeof replicationFactor !== 'number') {
    const { min } = target.bounds;
    return replicationFactor === undefined && min !== undefined ? { replicationFactor: copiesOf(target, min) } : {};
  }
  const copies = copiesOf(target, replicationFactor);
  if (copies === replicationFactor) return {};
  const concern = typeof writeConcern === 'number' ? { writeConcern: Math.min(writeConcern, copies) } : {};
  return { replicationFactor: copies, ...concern };
}

/** 0 is another spelling of satellite, which is everywhere and stays so. */
function copiesOf({ dbServers, bounds = {} }: TargetKind, replicationFactor: number): number {
  if (replicationFactor === 0) return 0;
  const { min = 1, max = Infinity } = bounds;
  return Math.min(Math.max(replicationFactor, min), max, Math.max(1, dbServers));
}

/** Why the target keeps another number of copies than the source, or than the bounds want; undefined when it keeps as many. */
export function copiesNote(source: Inventory['kind'], target: TargetKind, parameters: Settings): string | undefined {
  const wanted = parameters.replicationFactor;
  if (source === 'single' || target.kind === 'single' || typeof wanted !== 'number') return undefined;
  const copies = copiesOf(target, wanted);
  const { min = 1 } = target.bounds ?? {};
  if (copies === wanted && (copies === 0 || copies >= min)) return undefined;
  const other = copies === wanted ? '' : ` instead of ${wanted}`;
  return `replication factor ${copies}${other}: ${whyOtherCopies(target, wanted, copies)}`;
}

function whyOtherCopies({ dbServers, bounds = {} }: TargetKind, wanted: number, copies: number): string {
  const servers = dbServers === 1 ? '1 DB-Server' : `${dbServers} DB-Servers`;
  if (copies === bounds.max && copies < wanted) return `--cluster.max-replication-factor is ${copies}`;
  if (copies === bounds.min) return `--cluster.min-replication-factor is ${copies}`;
  const wish =
    bounds.min !== undefined && bounds.min > dbServers ? ', fewer than --cluster.min-replication-factor' : '';
  return `the target has ${servers}${wish}`;
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
    ...(follows
      ? concernOfFollower(source, collection.parameters, stored.parameters)
      : copiesFor(source, target, collection.parameters, stored.parameters)),
  };
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => canonical(value ?? null) !== canonical(stored.parameters[name] ?? null),
    ),
  );
}

/**
 * It is made with its prototype's write concern, which is the default, and from 3.12 on has one of its own (reference 3.2).
 * To give another one with the request that makes it is refused by some versions.
 */
function concernOfFollower(source: Inventory['kind'], { writeConcern }: Settings, stored: Settings): Settings {
  const { replicationFactor } = stored;
  if (source === 'single' || typeof writeConcern !== 'number' || typeof replicationFactor !== 'number') return {};
  return { writeConcern: Math.min(writeConcern, replicationFactor) };
}

/** Body of `POST /_api/database`. */
export function databaseSettings(source: Inventory['kind'], target: TargetKind, database: SourceDatabase): Settings {
  const { name, sharding } = database;
  if (target.kind === 'single') return { name };
  const copies = copiesFor(source, target, { ...database });
  if (source === 'single') return Object.keys(copies).length === 0 ? { name } : { name, options: copies };
  return { name, options: { ...(sharding ? { sharding } : {}), ...copies } };
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
