import { randomUUID } from 'node:crypto';
import type { ArangoDeployment, ArangoServer } from '../arango.ts';
import { documentIdentity, MARKER, MarkerCursor } from '../markers.ts';
import type { Tick } from '../queue.ts';
import { type Environment, UNINTERRUPTED } from './environment.ts';
import { tail } from './tail.ts';

/** Ours, in `_system`, with one shard; its documents are found by their keys alone. */
const COLLECTION = '_sync_leases';
const CHUNK_BYTES = 1024 * 1024;
/** A probe that told nothing of a version is repeated after this. */
const AGAIN_MS = 60_000;

interface Found {
  readonly version: string;
  readonly told: boolean;
}

/**
 * Whether the markers of removals name the revision that was removed, or one that the server drew for the removal: by
 * version of the server, found out by removing a document of ours and reading it in the log (safety.md, "Removals"). Not
 * known counts as not: then removals go by key.
 */
export class RemovalRevisions {
  readonly #deployment: ArangoDeployment;
  readonly #environment: Environment;
  readonly #byVersion = new Map<string, boolean>();
  #probing: Promise<void> | undefined;
  #probedAt = -Infinity;

  constructor(deployment: ArangoDeployment, environment: Environment) {
    this.#deployment = deployment;
    this.#environment = environment;
  }

  async areTold(version: string): Promise<boolean> {
    if (!this.#byVersion.has(version)) await this.#probe();
    return this.#byVersion.get(version) ?? false;
  }

  async #probe(): Promise<void> {
    const { now, log } = this.#environment;
    if (this.#probing === undefined && now() - this.#probedAt < AGAIN_MS) return;
    this.#probing ??= this.#ask()
      .then(({ version, told }) => {
        this.#byVersion.set(version, told);
        if (!told) log.info('removals are replicated by key: the log does not tell what they removed', { version });
      })
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        log.warn('removals are replicated by key: what the log tells of them could not be found out', { reason });
      })
      .finally(() => {
        this.#probing = undefined;
        this.#probedAt = now();
      });
    await this.#probing;
  }

  async #ask(): Promise<Found> {
    const { front } = this.#deployment;
    const { server, shard } = await this.#place();
    const { tick, server: about } = await server.json<{ tick: Tick; server: { version: string } }>({
      ...{ method: 'GET', path: '/_api/wal/lastTick', signal: UNINTERRUPTED },
    });
    const key = `removal-probe-${randomUUID()}`;
    const path = `/_api/document/${COLLECTION}`;
    const { _rev: rev } = await front.json<{ _rev: string }>({ method: 'POST', path, body: { _key: key } });
    await front.json({ method: 'DELETE', path: `${path}/${key}`, repeatable: true });
    return { version: about.version, told: (await revisionIn(server, shard, tick, key)) === rev };
  }

  async #place(): Promise<{ readonly server: ArangoServer; readonly shard: string }> {
    const { kind, front } = this.#deployment;
    if (kind === 'single') return { server: front, shard: COLLECTION };
    const path = `/_api/collection/${COLLECTION}/shards`;
    const { shards } = await front.json<{ shards: Readonly<Record<string, readonly string[]>> }>({
      ...{ method: 'GET', path, query: { details: true } },
    });
    const [[shard, [leader]] = ['', []]] = Object.entries(shards);
    if (leader === undefined) throw new Error(`nobody leads ${COLLECTION}`);
    return { server: await this.#deployment.dbServer(leader), shard };
  }
}

/** The revision that the log names for the removal of a key. Throws when there is no such removal. */
async function revisionIn(server: ArangoServer, shard: string, from: Tick, key: string): Promise<string> {
  const request = { from, lastScanned: '0', chunkBytes: CHUNK_BYTES, only: { database: '_system', shard } };
  const { body } = await tail(server, request, UNINTERRUPTED);
  const cursor = new MarkerCursor(body, '0');
  while (cursor.next()) {
    if (cursor.type !== MARKER.remove) continue;
    const removed = documentIdentity(cursor.operation().subarray(1));
    if (removed.key === key) return removed.rev;
  }
  throw new Error(`${server.name} does not show the removal of ${key} in its log`);
}
