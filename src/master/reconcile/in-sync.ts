import type { StructureProblem } from '../../domain/synchronization/state.ts';
import { Selector } from '../../events/selection/selection.ts';
import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import { targetNameOf } from '../../replication/system-collections.ts';
import type { WireBarrier } from '../../wire/outgoing.ts';
import type { ListedDatacenter } from '../../wire/shard-listing.ts';
import type { ChecksumService } from '../services/checksum-service.ts';
import { selectListing } from '../structure/select-listing.ts';
import { BarrierRepair } from './barrier-repair.ts';
import type { Core } from './core.ts';
import type { SourceLink } from './source-link.ts';

/**
 * Shards compared in one call: few enough that a call is short beside a leader's lease, many enough that ten thousand do
 * not have both sides read their whole structure, which each call begins with, fifty times.
 */
const comparedAtOnce = 500;

/** A shard that has come to the barrier. */
interface Reached {
  readonly key: string;
  readonly shard: ShardRef;
  readonly taskId: string;
}

export interface InSyncCount {
  readonly inSync: number;
  readonly notInSync: number;
}

/**
 * The target's side of a barrier (S8). A shard is in sync when its worker has applied, durably, what the source's log
 * held at the barrier, and both sides' revision trees were equal after that; where trees tell nothing, when its worker has
 * compared all contents behind the barrier and found no difference. What is no shard, users and views among it, is there
 * once the worker that follows the structure has made true what it was told behind the barrier. Nothing can change either
 * side as long as the barrier holds; under another epoch everything is looked at again. What differs nevertheless is
 * caught up with.
 */
export class InSyncReconciler {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #checksums: ChecksumService;
  readonly #repair: BarrierRepair;
  /** Keys of shards whose trees were equal, with the task that received them then. */
  readonly #equal = new Map<string, string>();
  #epoch = '';
  /** Shards of the source that nobody follows here, by its structure behind the barrier; undefined: not looked yet. */
  #unfollowed: { readonly version: string; readonly count: number } | undefined;

  constructor(core: Core, link: SourceLink, checksums: ChecksumService) {
    this.#core = core;
    this.#link = link;
    this.#checksums = checksums;
    this.#repair = new BarrierRepair(core, checksums);
  }

  async step(signal: AbortSignal): Promise<void> {
    const { barrier } = this.#link;
    if (barrier?.ticks === undefined) {
      this.#begin('');
      return;
    }
    if (barrier.epoch !== this.#epoch) this.#begin(barrier.epoch);
    // What was equal before something landed late need not be any more.
    for (const key of this.#core.control.state.suspects.keys()) this.#equal.delete(key);
    await this.#compareStructure(barrier.epoch, signal);
    const waiting = this.#reached(barrier).filter(
      (shard) => !this.#isByContent(shard) && !this.#isEqual(shard, barrier),
    );
    for (let at = 0; at < waiting.length && this.#link.barrier?.epoch === barrier.epoch; at += comparedAtOnce) {
      await this.#compareTrees(waiting.slice(at, at + comparedAtOnce), signal);
    }
    await this.#repair.step(new Set(waiting.map(({ key }) => key)), signal);
  }

  async #compareTrees(reached: readonly Reached[], signal: AbortSignal): Promise<void> {
    const taskOf = new Map(reached.map(({ key, taskId }) => [key, taskId]));
    const results = await this.#checksums.compare({ shards: reached.map(({ shard }) => shard) }, signal);
    for (const result of results) {
      const key = shardKey(result.shard);
      const taskId = taskOf.get(key);
      // Of a side that could not be asked nothing is known.
      if (!('checksums' in result) || taskId === undefined) continue;
      const isEqual = result.checksums[0] === result.checksums[1];
      this.#repair.note(result.shard, !isEqual);
      if (isEqual) this.#equal.set(key, taskId);
    }
  }

  /** How many shards are in sync behind the source's barrier; none without one. */
  count(): InSyncCount {
    const total = this.#core.control.state.shards.byKey.size;
    const { barrier } = this.#link;
    if (barrier?.ticks === undefined || barrier.epoch !== this.#epoch) return { inSync: 0, notInSync: total };
    const inSync = this.#reached(barrier).filter((shard) => this.#isEqual(shard, barrier)).length;
    const unfollowed = this.#unfollowed?.version === this.#structureVersion() ? this.#unfollowed.count : undefined;
    const notInSync = total - inSync + (unfollowed ?? 0);
    const isUnknown = unfollowed === undefined || this.#core.memory.structureBarrier !== barrier.epoch;
    return { inSync, notInSync: isUnknown ? Math.max(1, notInSync) : notInSync };
  }

  /**
   * A collection that was made just before the barrier may not be known here yet: then all that is known being equal does
   * not mean that everything is there.
   */
  async #compareStructure(epoch: string, signal: AbortSignal): Promise<void> {
    const version = this.#structureVersion();
    const isComplete = this.#unfollowed?.count === 0;
    if (isComplete && this.#unfollowed?.version === version) return;
    const { deployment } = this.#core.ports;
    const listing = await (await this.#link.masters(signal)).listing(deployment.id, signal);
    if (epoch !== this.#epoch || version !== this.#structureVersion()) return;
    const { shards, synchronization } = this.#core.control.state;
    const selector = new Selector(synchronization.configuration?.selection);
    const { databases } = selectListing(listing, selector);
    const count = unfollowedShards(databases, shards.byKey, synchronization.problems);
    this.#unfollowed = count === undefined ? undefined : { version, count };
  }

  /** Another text when other shards are followed, others are selected, or other problems are known. */
  #structureVersion(): string {
    const { shards, synchronization } = this.#core.control.state;
    const { problems, configuration } = synchronization;
    return `${shards.version} ${problems.length} ${JSON.stringify(configuration?.selection)}`;
  }

  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#unfollowed = undefined;
    this.#equal.clear();
    this.#repair.begin();
  }

  /** Where trees cannot be compared the worker does that by itself, behind the barrier. */
  #isEqual(reached: Reached, { epoch }: WireBarrier): boolean {
    if (!this.#isByContent(reached)) return this.#equal.get(reached.key) === reached.taskId;
    return this.#core.memory.telemetry.of(reached.taskId)?.equalBehind === epoch;
  }

  #isByContent({ taskId }: Reached): boolean {
    return this.#core.memory.telemetry.of(taskId)?.comparedBy === 'content';
  }

  /** Shards whose workers say, now, that they have come to the barrier, and to which nothing old can land (S4). */
  #reached({ epoch }: WireBarrier): Reached[] {
    const { control, memory } = this.#core;
    // A collection that lacks an index, or a property, of the source's is not what the source has (S13).
    const lacking = new Set(control.state.synchronization.problems.map(collectionKey));
    return [...control.state.tasks.values()].flatMap(({ type, taskId, shard }) => {
      if (type !== 'receive-shard' || shard === undefined) return [];
      const key = shardKey(shard);
      if (!control.state.shards.byKey.has(key) || control.state.suspects.has(key)) return [];
      if (lacking.has(collectionKey({ ...shard, collection: targetNameOf(shard.collection) }))) return [];
      return memory.telemetry.of(taskId)?.reachedBarrier === epoch ? [{ key, shard, taskId }] : [];
    });
  }
}

function collectionKey({ database, collection }: { readonly database: string; readonly collection: string }): string {
  return JSON.stringify([database, collection]);
}

/**
 * How many shards the source has that are neither followed nor known not to be replicable; undefined when it could not
 * list all of them.
 */
function unfollowedShards(
  databases: ListedDatacenter['databases'],
  followed: ReadonlyMap<string, unknown>,
  problems: readonly StructureProblem[],
): number | undefined {
  const known = new Set(problems.map(({ database, collection }) => JSON.stringify([database, collection])));
  let count = 0;
  for (const [database, { collections, error }] of Object.entries(databases)) {
    if (error !== '') return undefined;
    for (const [collection, { shards }] of Object.entries(collections)) {
      if (known.has(JSON.stringify([database, collection]))) continue;
      const indexes = Object.keys(shards).map(Number);
      count += indexes.filter((shardIndex) => !followed.has(shardKey({ database, collection, shardIndex }))).length;
    }
  }
  return count;
}
