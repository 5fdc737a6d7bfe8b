import { type ShardRef, shardKey } from '../../events/types/parts.ts';
import type { WireBarrier } from '../../wire/outgoing.ts';
import type { ChecksumService } from '../services/checksum-service.ts';
import type { Core } from './core.ts';
import type { SourceLink } from './source-link.ts';

/** Shards compared in one call: few enough that a call is short beside a leader's lease. */
const comparedAtOnce = 200;

export interface InSyncCount {
  readonly inSync: number;
  readonly notInSync: number;
}

/**
 * The target's side of a barrier (S8). A shard is in sync when its worker has applied, durably, what the source's log
 * held at the barrier, and both sides' revision trees were equal after that. Nothing can change either side as long as
 * the barrier holds; under another epoch everything is looked at again.
 */
export class InSyncReconciler {
  readonly #core: Core;
  readonly #link: SourceLink;
  readonly #checksums: ChecksumService;
  /** Keys of shards whose trees were equal, with the task that received them then. */
  readonly #equal = new Map<string, string>();
  #epoch = '';

  constructor(core: Core, link: SourceLink, checksums: ChecksumService) {
    this.#core = core;
    this.#link = link;
    this.#checksums = checksums;
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
    const waiting = this.#reached(barrier).filter(({ key, taskId }) => this.#equal.get(key) !== taskId);
    if (waiting.length === 0) return;
    const batch = waiting.slice(0, comparedAtOnce);
    const taskOf = new Map(batch.map(({ key, taskId }) => [key, taskId]));
    const results = await this.#checksums.compare({ shards: batch.map(({ shard }) => shard) }, signal);
    for (const result of results) {
      const key = shardKey(result.shard);
      const taskId = taskOf.get(key);
      const isEqual = 'checksums' in result && result.checksums[0] === result.checksums[1];
      if (isEqual && taskId !== undefined && this.#epoch === barrier.epoch) this.#equal.set(key, taskId);
    }
    if (waiting.length > batch.length) this.#core.control.touch();
  }

  /** How many shards are in sync behind the source's barrier; none without one. */
  count(): InSyncCount {
    const total = this.#core.control.state.shards.byKey.size;
    const { barrier } = this.#link;
    if (barrier?.ticks === undefined || barrier.epoch !== this.#epoch) return { inSync: 0, notInSync: total };
    const inSync = this.#reached(barrier).filter(({ key, taskId }) => this.#equal.get(key) === taskId).length;
    return { inSync, notInSync: total - inSync };
  }

  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#equal.clear();
  }

  /** Shards whose workers say, now, that they have come to the barrier, and to which nothing old can land (S4). */
  #reached({ epoch }: WireBarrier): { readonly key: string; readonly shard: ShardRef; readonly taskId: string }[] {
    const { control, memory } = this.#core;
    return [...control.state.tasks.values()].flatMap(({ type, taskId, shard }) => {
      if (type !== 'receive-shard' || shard === undefined) return [];
      const key = shardKey(shard);
      if (!control.state.shards.byKey.has(key) || control.state.suspects.has(key)) return [];
      return memory.telemetry.of(taskId)?.reachedBarrier === epoch ? [{ key, shard, taskId }] : [];
    });
  }
}
