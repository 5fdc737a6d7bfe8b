import type { ShardRef } from '../../wire/shards.ts';
import type { ArangoDeployment } from '../arango.ts';
import { targetNameOf } from '../system-collections.ts';
import type { Environment } from './environment.ts';
import { ReopenStream } from './failures.ts';
import { readTargetDatabase, type TargetCollection, type TargetDatabase } from './read-structure.ts';
import type { ShardTarget } from './shard-target.ts';

/** How long a database's structure is believed when nobody said that it changed. */
const FRESH_MS = 10_000;
/** A missing collection or leader is asked for again after this. */
const ASK_AGAIN_MS = 1_000;
/** From this version on paths take no ids (reference 1.1). */
const NAMES_ONLY_FROM_MAJOR = 4;

interface Known {
  readonly at: number;
  readonly database: Promise<TargetDatabase>;
}

/** Where shards are on the target. One read of a database serves all of its shards that open at the time. */
export class TargetDirectory {
  readonly #deployment: ArangoDeployment;
  readonly #environment: Pick<Environment, 'now'>;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, Known>();
  #byId: Promise<boolean> | undefined;

  constructor(deployment: ArangoDeployment, environment: Pick<Environment, 'now'>, signal: AbortSignal) {
    this.#deployment = deployment;
    this.#environment = environment;
    this.#signal = signal;
  }

  /** Throws {@link ReopenStream} while the target has no such shard or nobody leads it. */
  async shard(ref: ShardRef): Promise<ShardTarget> {
    const name = targetNameOf(ref.collection);
    const collection = (await this.#database(ref.database)).collections.get(name);
    const shard = collection?.shards[ref.shardIndex];
    if (collection === undefined || shard?.leader === undefined) {
      const missing = collection === undefined ? 'does not exist' : `has no leader for shard ${ref.shardIndex}`;
      this.expire(ref.database);
      throw new ReopenStream(`the target's ${ref.database}/${name} ${missing} yet`, { afterMs: ASK_AGAIN_MS });
    }
    return {
      database: ref.database,
      collection: name,
      collectionId: collection.id,
      address: (await this.#addressById()) ? collection.id : name,
      shardIndex: ref.shardIndex,
      shardName: shard.name,
      leader: shard.leader,
      ...traitsOf(collection),
    };
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

function traitsOf({
  parameters,
  indexes,
}: TargetCollection): Pick<ShardTarget, 'shardedByKey' | 'uniqueIndexes' | 'revisionOrder'> {
  const keys: unknown = parameters.shardKeys;
  return {
    shardedByKey: !Array.isArray(keys) || (keys.length === 1 && keys[0] === '_key'),
    uniqueIndexes: indexes.some(({ unique }) => unique === true),
    revisionOrder: parameters.usesRevisionsAsDocumentIds === true && parameters.syncByRevision === true,
  };
}
