import type { ShardRef } from '../../wire/shards.ts';
import type { ArangoDeployment } from '../arango.ts';
import { isCutByKey, shardingOf } from '../sharding.ts';
import { targetNameOf } from '../system-collections.ts';
import type { Environment } from './environment.ts';
import { ReopenStream } from './failures.ts';
import { hasTreesHere, type Pairing, pairingOf } from './pairing.ts';
import { readTargetDatabase, type TargetCollection, type TargetDatabase } from './read-structure.ts';
import type { ShardTarget } from './shard-target.ts';
import type { FollowedCollections } from './structure-memory.ts';

/** How long a database's structure is believed when nobody said that it changed. */
const FRESH_MS = 10_000;
/** A missing collection or leader is asked for again after this. */
const ASK_AGAIN_MS = 1_000;
/** From this version on paths take no ids (reference 1.1). */
const NAMES_ONLY_FROM_MAJOR = 4;

/** As long as nobody has said what the source's collection is made like. */
const ONE_TO_ONE: Pairing = { isOneToOne: true, keepsRevisions: true, isComparedByRevision: true, note: '' };

export interface DirectoryOptions {
  readonly deployment: ArangoDeployment;
  readonly followed: Pick<FollowedCollections, 'source'>;
  readonly sourceDeployment: string;
  readonly environment: Pick<Environment, 'now'>;
  readonly signal: AbortSignal;
}

interface Known {
  readonly at: number;
  readonly database: Promise<TargetDatabase>;
}

/** Where shards are on the target. One read of a database serves all of its shards that open at the time. */
export class TargetDirectory {
  readonly #deployment: ArangoDeployment;
  readonly #followed: Pick<FollowedCollections, 'source'>;
  readonly #sourceDeployment: string;
  readonly #environment: Pick<Environment, 'now'>;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, Known>();
  #byId: Promise<boolean> | undefined;

  constructor({ deployment, followed, sourceDeployment, environment, signal }: DirectoryOptions) {
    this.#deployment = deployment;
    this.#followed = followed;
    this.#sourceDeployment = sourceDeployment;
    this.#environment = environment;
    this.#signal = signal;
  }

  /** Throws {@link ReopenStream} while the target has no such shard or nobody leads it. */
  async shard(ref: ShardRef): Promise<ShardTarget> {
    const name = targetNameOf(ref.collection);
    const collection = (await this.#database(ref.database)).collections.get(name);
    if (collection === undefined) throw this.#notYet(ref, 'does not exist');
    const source = await this.#followed.source(collection.id);
    const facts = source?.facts.deployment === this.#sourceDeployment ? source.facts : undefined;
    // Of what nobody has told us the sender does, before anything is written.
    const pairing = facts === undefined ? ONE_TO_ONE : pairingOf(facts, collection);
    const [shard, ...others] = ledShards(collection, pairing.isOneToOne ? ref.shardIndex : undefined);
    if (shard === undefined) throw this.#notYet(ref, `has no leader for shard ${ref.shardIndex}`);
    return {
      database: ref.database,
      collection: name,
      collectionId: collection.id,
      address: (await this.#addressById()) ? collection.id : name,
      shardIndex: ref.shardIndex,
      shardName: shard.name,
      leader: shard.leader,
      shards: [shard, ...others],
      isOneToOne: pairing.isOneToOne,
      keepsRevisions: pairing.keepsRevisions,
      sharding: shardingOf(collection.parameters, collection.shards.length),
      note: pairing.note,
      revisionOrder: pairing.isComparedByRevision && hasTreesHere(collection),
      mayMove: !pairing.isOneToOne && facts !== undefined && !isCutByKey(facts.sharding),
      isBlank: facts !== undefined && source?.isBlank === true,
      source: facts,
      ...traitsOf(collection),
    };
  }

  #notYet({ database, collection }: ShardRef, missing: string): ReopenStream {
    this.expire(database);
    const name = `${database}/${targetNameOf(collection)}`;
    return new ReopenStream(`the target's ${name} ${missing} yet`, { afterMs: ASK_AGAIN_MS });
  }

  /** Whatever is known of a database is not believed any longer. */
  forget(database: string): void {
    this.#known.delete(database);
  }

  /** Like {@link forget}, but many shards asking at once cause one read a second. */
  expire(database: string): void {
    const known = this.#known.get(database);
    if (known !== undefined && this.#environment.now() - known.at >= ASK_AGAIN_MS) this.#known.delete(database);
  }

  async #database(name: string): Promise<TargetDatabase> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#environment.now() - known.at < FRESH_MS) return known.database;
    const database = readTargetDatabase(this.#deployment, name, this.#signal);
    this.#known.set(name, { at: this.#environment.now(), database });
    database.catch(() => this.#known.delete(name));
    return database;
  }

  async #addressById(): Promise<boolean> {
    this.#byId ??= this.#deployment.front
      .json<{ version?: string }>({ method: 'GET', path: '/_api/version', signal: this.#signal })
      .then(({ version = '' }) => Number.parseInt(version, 10) < NAMES_ONLY_FROM_MAJOR);
    this.#byId.catch(() => {
      this.#byId = undefined;
    });
    return this.#byId;
  }
}

/** The one shard, or all of them; none while one that is wanted has no leader. */
function ledShards({ shards }: TargetCollection, index: number | undefined): ShardTarget['shards'] {
  const wanted = index === undefined ? shards : shards.slice(index, index + 1);
  const led = wanted.flatMap(({ name, leader }) => (leader === undefined ? [] : [{ name, leader }]));
  return led.length === wanted.length ? led : [];
}

function traitsOf({ parameters, indexes }: TargetCollection): Pick<ShardTarget, 'shardedByKey' | 'uniqueIndexes'> {
  const keys: unknown = parameters.shardKeys;
  return {
    shardedByKey: !Array.isArray(keys) || (keys.length === 1 && keys[0] === '_key'),
    uniqueIndexes: indexes.some(({ unique }) => unique === true),
  };
}
