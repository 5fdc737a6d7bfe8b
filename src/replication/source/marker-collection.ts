import { type ArangoDeployment, ArangoError } from '../arango.ts';
import { shardKey } from '../markers.ts';
import type { Environment } from './environment.ts';

/** Ours, like all `_sync_*` collections never replicated; it holds one small document for each writer and server. */
export const MARKER_COLLECTION = '_sync_markers';

/** A collection whose shards do not lie well is made anew at most so often. */
const REPAIR_EVERY_MS = 600_000;
/** Keys that are tried for each shard of the collection: they are spread by their hash. */
const KEYS_PER_SHARD = 32;

const NOT_FOUND = 1203;
const DUPLICATE_NAME = 1207;

/** Where a document comes into the log of one DB-Server, and how that log names its collection. */
export interface MarkerPlace {
  readonly key: string;
  readonly shardKey: string;
}

interface Layout {
  readonly cuid: string;
  /** Leader by shard; empty on a single server. */
  readonly leaders: ReadonlyMap<string, string>;
}

/**
 * The collection of the lag markers: it has as many shards as the source has DB-Servers, one copy of each where the
 * source allows that, so that none moves by itself. Where a server leads none, since it came later or shards were moved, the
 * collection is made anew: nothing in it is older than a second.
 */
export class MarkerCollection {
  readonly #deployment: ArangoDeployment;
  readonly #environment: Environment;
  #repairedAt = -Infinity;
  /** Workers of one process change it one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deployment: ArangoDeployment, environment: Environment) {
    this.#deployment = deployment;
    this.#environment = environment;
  }

  /** Where `writer` has to write for `dbServer`. Throws when no shard lies there, and none can be brought there. */
  async placeOn(dbServer: string, writer: string, signal: AbortSignal): Promise<MarkerPlace> {
    const found = this.#turn.then(() => this.#placeOn(dbServer, writer, signal));
    this.#turn = found.catch(() => undefined);
    return await found;
  }

  async #placeOn(dbServer: string, writer: string, signal: AbortSignal): Promise<MarkerPlace> {
    const layout = await this.#layout(signal);
    if (this.#deployment.kind === 'single') return { key: writer, shardKey: shardKey('_system', layout.cuid) };
    const shard = ledBy(layout, dbServer) ?? ledBy(await this.#repaired(signal), dbServer);
    if (shard === undefined) throw new Error(`no shard of ${MARKER_COLLECTION} is led by ${dbServer}`);
    const { cuid, leaders } = await this.#layout(signal);
    const key = await this.#keyFor(shard, writer, leaders.size, signal);
    return { key, shardKey: shardKey('_system', `${cuid}${shard}`) };
  }

  async #keyFor(shard: string, writer: string, shards: number, signal: AbortSignal): Promise<string> {
    const { front } = this.#deployment;
    const path = `/_api/collection/${MARKER_COLLECTION}/responsibleShard`;
    for (let number = 0; number < shards * KEYS_PER_SHARD; number += 1) {
      const key = `${writer}-${number}`;
      const body = { _key: key };
      const { shardId } = await front.json<{ shardId: string }>({
        method: 'PUT',
        path,
        body,
        repeatable: true,
        signal,
      });
      if (shardId === shard) return key;
    }
    throw new Error(`no key of ${shards * KEYS_PER_SHARD} belongs to shard ${shard} of ${MARKER_COLLECTION}`);
  }

  async #layout(signal: AbortSignal): Promise<Layout> {
    try {
      return await this.#read(signal);
    } catch (error) {
      if (!(error instanceof ArangoError) || error.errorNum !== NOT_FOUND) throw error;
      await this.#create(signal);
      return await this.#read(signal);
    }
  }

  async #read(signal: AbortSignal): Promise<Layout> {
    const { front, kind } = this.#deployment;
    const path = `/_api/collection/${MARKER_COLLECTION}`;
    const properties = { method: 'GET', path: `${path}/properties`, signal } as const;
    const { globallyUniqueId: cuid } = await front.json<{ globallyUniqueId: string }>(properties);
    if (kind === 'single') return { cuid, leaders: new Map() };
    const request = { method: 'GET', path: `${path}/shards`, query: { details: true }, signal } as const;
    const { shards } = await front.json<{ shards: Record<string, string[]> }>(request);
    return { cuid, leaders: new Map(Object.entries(shards).map(([shard, [leader = '']]) => [shard, leader])) };
  }

  /** Made anew, unless that was tried a short time ago. */
  async #repaired(signal: AbortSignal): Promise<Layout> {
    const { now, log } = this.#environment;
    if (now() - this.#repairedAt < REPAIR_EVERY_MS) return await this.#layout(signal);
    this.#repairedAt = now();
    log.info(`${MARKER_COLLECTION} is made anew: a DB-Server led none of its shards`);
    const path = `/_api/collection/${MARKER_COLLECTION}`;
    try {
      await this.#deployment.front.json({
        method: 'DELETE',
        path,
        query: { isSystem: true },
        repeatable: true,
        signal,
      });
    } catch (error) {
      if (!(error instanceof ArangoError) || error.errorNum !== NOT_FOUND) throw error;
    }
    return await this.#layout(signal);
  }

  /** One copy of each shard; as many as `_users` has where the deployment wants more. */
  async #create(signal: AbortSignal): Promise<void> {
    const { front } = this.#deployment;
    const numberOfShards = Math.max(1, (await this.#deployment.dbServers(signal)).length);
    const shape = { name: MARKER_COLLECTION, isSystem: true, numberOfShards };
    try {
      await this.#post({ ...shape, replicationFactor: 1 }, signal);
    } catch (error) {
      if (!(error instanceof ArangoError) || error.status !== 400) throw error;
      const path = '/_api/collection/_users/properties';
      const { replicationFactor } = await front.json<{ replicationFactor?: unknown }>({ method: 'GET', path, signal });
      await this.#post(typeof replicationFactor === 'number' ? { ...shape, replicationFactor } : shape, signal);
    }
  }

  async #post(body: object, signal: AbortSignal): Promise<void> {
    try {
      await this.#deployment.front.json({ method: 'POST', path: '/_api/collection', body, repeatable: true, signal });
    } catch (error) {
      // Another worker was quicker.
      if (!(error instanceof ArangoError) || error.errorNum !== DUPLICATE_NAME) throw error;
    }
  }
}

function ledBy({ leaders }: Layout, dbServer: string): string | undefined {
  return [...leaders].find(([, leader]) => leader === dbServer)?.[0];
}
