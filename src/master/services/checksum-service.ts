import { Selector } from '../../events/selection/selection.ts';
import { shardKey } from '../../events/types/parts.ts';
import { ApiError } from '../../wire/api-error.ts';
import type {
  ChecksumOptions,
  ChecksumsRequest,
  ChecksumTree,
  ShardChecksums,
  SideChecksum,
} from '../../wire/checksums.ts';
import { toMilliseconds } from '../../wire/durations.ts';
import type { ShardListing } from '../../wire/shard-listing.ts';
import type { ShardRef } from '../../wire/shards.ts';
import { checksumTree, joinSides } from '../checksums/compare-sides.ts';
import { shardDigests } from '../checksums/shard-digests.ts';
import type { Core } from '../reconcile/core.ts';
import type { SourceLink } from '../reconcile/source-link.ts';
import { withMissingDatabases } from '../structure/both-sides.ts';
import { listDatacenter } from '../structure/listing.ts';
import { placeShards } from '../structure/place-shards.ts';
import { toWire } from '../structure/plan-selection.ts';
import type { Side } from '../structure/replicated-names.ts';
import { selectListing } from '../structure/select-listing.ts';
import { tasksByShard } from '../views/shard-info.ts';

/** No call blocks longer: clients give a call two minutes. */
const timeoutMsMax = 110_000;
const timeoutMsDefault = 100_000;

/** Holds the two datacenters against each other: shards by their revision trees, structure by names. */
export class ChecksumService {
  readonly #core: Core;
  readonly #link: SourceLink;

  constructor(core: Core, link: SourceLink) {
    this.#core = core;
    this.#link = link;
  }

  /** Checksums of this datacenter's side; one entry per shard, in any order. */
  async ownSide(shards: readonly ShardRef[], side: Side, signal: AbortSignal): Promise<SideChecksum[]> {
    const { deployment } = this.#core.ports;
    const { placed, missing } = await placeShards(deployment, shards, side, signal);
    const absent = missing.map((shard) => ({ shard, error: 'there is no such shard', missing: true }));
    return [...(await shardDigests(deployment, placed, signal)), ...absent];
  }

  /** Both sides of many shards, asked at the target. */
  async compare({ shards: asked, timeout }: ChecksumsRequest, signal: AbortSignal): Promise<ShardChecksums[]> {
    this.#assertFollows();
    const untold = this.#untold(asked);
    const told = new Set(untold.map(({ shard }) => shardKey(shard)));
    const shards = asked.filter((shard) => !told.has(shardKey(shard)));
    if (shards.length === 0) return untold;
    const timeoutMs = Math.min(timeout ? toMilliseconds(timeout) : timeoutMsDefault, timeoutMsMax);
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const masters = await this.#link.masters(bounded);
    const request = { shards: [...shards], ...(timeout === undefined ? {} : { timeout }) };
    const [source, target] = await Promise.all([
      masters.checksums(this.#core.ports.deployment.id, request, bounded),
      this.ownSide(shards, 'target', bounded),
    ]).catch((error: unknown) => {
      if (bounded.aborted) throw new ApiError(503, `the checksums were not there within ${timeoutMs / 1000} s`);
      throw new ApiError(503, error instanceof Error ? error.message : String(error), { cause: error });
    });
    return [...joinSides(shards, source, target), ...untold];
  }

  /**
   * Both sides of one shard in the form of the original. A side that cannot answer is an error, never a short list; 404
   * when a side says that it has no such shard.
   */
  async compareOne(shard: ShardRef, options: ChecksumOptions, signal: AbortSignal): Promise<ChecksumTree> {
    this.#assertFollows();
    if (!this.#core.control.state.shards.byKey.has(shardKey(shard))) {
      const name = `${shard.database}/${shard.collection} shard ${shard.shardIndex}`;
      throw new ApiError(404, `${name} is not being synchronized`);
    }
    const [result] = await this.compare({ shards: [shard], ...options }, signal);
    if (result === undefined) throw new ApiError(503, 'no checksum');
    if ('error' in result) throw new ApiError(result.missing === true ? 404 : 503, result.error);
    return checksumTree(shard, result.checksums);
  }

  /** Structure of both datacenters, the source first; what is not selected is excluded. */
  async listing(signal: AbortSignal): Promise<ShardListing> {
    this.#assertFollows();
    const { deployment } = this.#core.ports;
    const selection = this.#core.control.state.synchronization.configuration?.selection;
    const selector = new Selector(selection);
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMsDefault)]);
    const masters = await this.#link.masters(bounded);
    const [source, target] = await Promise.all([
      masters.listing(deployment.id, bounded),
      listDatacenter(deployment, 'target', bounded),
    ]).catch((error: unknown) => {
      throw new ApiError(503, error instanceof Error ? error.message : String(error), { cause: error });
    });
    const datacenters = withMissingDatabases(selectListing(source, selector), selectListing(target, selector));
    return { datacenters, ...(selection === undefined ? {} : { selection: toWire(selection) }) };
  }

  /** Shards of which trees tell nothing: their workers compare contents, when they have to be known to be equal. */
  #untold(shards: readonly ShardRef[]): ShardChecksums[] {
    const { control, memory } = this.#core;
    const tasks = tasksByShard(control.state.tasks, 'receive-shard');
    return shards.flatMap((shard) => {
      const task = tasks.get(shardKey(shard));
      const report = task === undefined ? undefined : memory.telemetry.of(task.taskId);
      if (report?.comparedBy !== 'content') return [];
      const error =
        'revision trees tell nothing here, documents are compared by key and content: by a check, when the shard is caught up ' +
        `with, and behind a barrier; the last time: ${report.reason}`;
      return [{ shard, error, by_content: true }];
    });
  }

  #assertFollows(): void {
    this.#core.desk.assertLeads();
    const { phase, identity } = this.#core.control.state.synchronization;
    if (phase === 'active' && identity !== null) return;
    throw new ApiError(412, 'no synchronization is active here: ask the masters of the target');
  }
}
