import { type ArangoDeployment, ArangoError, type ArangoServer } from '../arango.ts';
import { documentsOf, type Operation } from './lines.ts';
import type { ShardTarget } from './shard-target.ts';
import { leaderOf } from './stored-revision.ts';

/** Seconds a snapshot lives after its last use. */
const BATCH_TTL_S = 300;
const DUMP_TIMEOUT_MS = 120_000;

/** Count and hash of a revision tree: equal ones mean equal sets of revisions (reference 5.8). */
export interface TreeSummary {
  readonly count: number;
  /** Decimal, up to 2^64 - 1. */
  readonly hash: string;
}

/** A snapshot of the target's own shard, on the server that leads it. It holds resources there: {@link close} it. */
export class TargetBatch {
  readonly #leader: ArangoServer;
  readonly #target: ShardTarget;
  readonly #id: string;

  private constructor(leader: ArangoServer, target: ShardTarget, id: string) {
    this.#leader = leader;
    this.#target = target;
    this.#id = id;
  }

  static async open(deployment: ArangoDeployment, target: ShardTarget, signal: AbortSignal): Promise<TargetBatch> {
    const leader = await leaderOf(deployment, target);
    const { id } = await leader.json<{ id: string }>({
      method: 'POST',
      path: '/_api/replication/batch',
      body: { ttl: BATCH_TTL_S },
      signal,
    });
    return new TargetBatch(leader, target, id);
  }

  /** The next documents in the order of their revisions (reference 5.4); undefined behind the last. */
  async nextDocuments(chunkBytes: number, signal: AbortSignal): Promise<readonly Operation[] | undefined> {
    const answer = await this.#leader.request({
      method: 'GET',
      path: '/_api/replication/dump',
      database: this.#target.database,
      query: { collection: this.#target.shardName, batchId: this.#id, useEnvelope: false, chunkSize: chunkBytes },
      // The position moves on the server: a lost answer cannot be had again.
      repeatable: false,
      timeoutMs: DUMP_TIMEOUT_MS,
      signal,
    });
    if (answer.status === 204) return undefined;
    if (answer.status !== 200) {
      const text = answer.body.toString('utf8').slice(0, 500);
      throw new ArangoError(answer.status, 0, `GET dump of ${this.#target.shardName}: ${answer.status} ${text}`);
    }
    return documentsOf(answer.body);
  }

  /** Tree of the shard at the snapshot. Throws {@link ArangoError} 501/9 for a collection without one. */
  async tree(signal: AbortSignal): Promise<TreeSummary> {
    const answer = await this.#leader.request({
      method: 'GET',
      path: '/_api/replication/revisions/tree',
      database: this.#target.database,
      query: { collection: this.#target.shardName, batchId: this.#id, onlyPopulated: true },
      signal,
    });
    const text = answer.body.toString('utf8');
    if (answer.status !== 200) {
      throw new ArangoError(answer.status, 0, `GET tree of ${this.#target.shardName}: ${answer.status} ${text}`);
    }
    return treeSummaryOf(text);
  }

  /** Renews the snapshot's time; throws when it is gone. */
  async keepAlive(signal: AbortSignal): Promise<void> {
    await this.#call('PUT', { ttl: BATCH_TTL_S }, signal);
  }

  /** Ends the snapshot. A server that does not answer ends it by itself after its time. */
  async close(): Promise<void> {
    await this.#call('DELETE', undefined, undefined).catch(() => undefined);
  }

  async #call(method: 'PUT' | 'DELETE', body: unknown, signal: AbortSignal | undefined): Promise<void> {
    const path = `/_api/replication/batch/${this.#id}`;
    const answer = await this.#leader.request({ method, path, body, repeatable: true, ...(signal && { signal }) });
    if (answer.status >= 400) throw new ArangoError(answer.status, 0, `${method} ${path}: ${answer.status}`);
  }
}

/** The top of a tree. Hashes pass the range in which JSON.parse is exact, so they are taken as text (reference 5.8.2). */
export function treeSummaryOf(text: string): TreeSummary {
  const top = text.replace(/"nodes":\[[^\]]*\]/, '"nodes":[]');
  const count = /"count":(\d+)/.exec(top)?.[1];
  const hash = /"hash":(\d+)/.exec(top)?.[1];
  if (count === undefined || hash === undefined) throw new Error('a revision tree came without count or hash');
  return { count: Number(count), hash };
}

/** The shard's tree at a snapshot of now. */
export async function treeNow(
  openBatch: (signal: AbortSignal) => Promise<TargetBatch>,
  signal: AbortSignal,
): Promise<TreeSummary> {
  const batch = await openBatch(signal);
  try {
    return await batch.tree(signal);
  } finally {
    await batch.close();
  }
}
