import { type ArangoDeployment, ArangoError, type ArangoServer } from '../arango.ts';
import {
  documentsAt,
  type RevisionPage,
  type RevisionPlace,
  rebuildTreeAt,
  revisionsAt,
  treeTextAt,
} from '../revision-calls.ts';
import { type TreeSummary, treeSummaryOf } from '../revision-tree.ts';
import { documentsIn, type Slice, type StoredDocument } from '../shard-contents.ts';
import { documentsOf, type Operation, removalOf } from './lines.ts';
import type { ShardTarget } from './shard-target.ts';
import { leaderOf } from './stored-revision.ts';

/** Seconds a snapshot lives after its last use, and after how many ms it is renewed. */
const BATCH_TTL_S = 300;
const BATCH_RENEW_MS = 60_000;
const DUMP_TIMEOUT_MS = 120_000;

/** A snapshot of the target's own shard, on the server that leads it. It holds resources there: {@link close} it. */
export class TargetBatch {
  readonly #leader: ArangoServer;
  readonly #target: ShardTarget;
  readonly #id: string;
  #renewedAt: number | undefined;

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

  /** Top of the shard's tree at the snapshot. */
  async tree(signal: AbortSignal): Promise<TreeSummary> {
    return treeSummaryOf(await this.treeText(signal));
  }

  /** Tree of the shard at the snapshot, as JSON. Throws {@link ArangoError} 501/9 for a collection without one. */
  treeText(signal: AbortSignal): Promise<string> {
    return treeTextAt(this.#place, signal);
  }

  /** Has the server compute its tree anew (S21). */
  rebuildTree(signal: AbortSignal): Promise<void> {
    return rebuildTreeAt(this.#place, signal);
  }

  /** Revisions of the shard in ranges, ascending. */
  revisions(what: Parameters<typeof revisionsAt>[1], signal: AbortSignal): Promise<RevisionPage> {
    return revisionsAt(this.#place, what, signal);
  }

  /** Removals of the documents that have these revisions, as far as they are there. */
  async *removals(revisions: readonly string[], chunkBytes: number, signal: AbortSignal): AsyncGenerator<Operation[]> {
    for await (const found of documentsAt(this.#place, revisions, chunkBytes, signal)) {
      yield found.flatMap((bytes) => (bytes === undefined ? [] : [removalOf(bytes)]));
    }
  }

  /** The documents of a slice of the shard, in the order of their revisions. */
  documents(slice: Slice, chunkBytes: number, signal: AbortSignal): AsyncGenerator<readonly StoredDocument[]> {
    return documentsIn(this.#place, slice, chunkBytes, signal);
  }

  /** Throws when the snapshot is gone. */
  async confirm(signal: AbortSignal): Promise<void> {
    await this.#call('PUT', { ttl: BATCH_TTL_S }, signal);
  }

  /** Renews the snapshot's time when that is due; throws when it is gone. */
  async keepAlive(now: number, signal: AbortSignal): Promise<void> {
    this.#renewedAt ??= now;
    if (now - this.#renewedAt <= BATCH_RENEW_MS) return;
    await this.#call('PUT', { ttl: BATCH_TTL_S }, signal);
    this.#renewedAt = now;
  }

  /** Ends the snapshot. A server that does not answer ends it by itself after its time. */
  async close(): Promise<void> {
    await this.#call('DELETE', undefined, undefined).catch(() => undefined);
  }

  get #place(): RevisionPlace {
    const { database, shardName: shard } = this.#target;
    return { server: this.#leader, database, shard, batchId: this.#id };
  }

  async #call(method: 'PUT' | 'DELETE', body: unknown, signal: AbortSignal | undefined): Promise<void> {
    const path = `/_api/replication/batch/${this.#id}`;
    const answer = await this.#leader.request({ method, path, body, repeatable: true, ...(signal && { signal }) });
    if (answer.status >= 400) throw new ArangoError(answer.status, 0, `${method} ${path}: ${answer.status}`);
  }
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
