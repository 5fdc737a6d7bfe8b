import type { KnownEvent } from '../../src/events/vocabulary.ts';
import type { ControlState } from '../../src/projections/control-state.ts';
import type { SimProcess } from './process.ts';
import type { Site } from './site.ts';

/**
 * What the barriers of one source promise (S8): behind one that is established nobody's write is acknowledged as long as
 * its epoch lasts, and a target that stopped behind it has every write of before. Held read-only since then, the source
 * follows that target only if nobody's write was acknowledged meanwhile.
 */
export class BarrierPromises {
  /** Stops that were granted behind a barrier. */
  ensured = 0;
  readonly #site: Site;
  /** Per epoch: the first write that was acknowledged behind the established barrier, and when. */
  readonly #broken = new Map<string, { readonly write: number; readonly atMs: number }>();
  /** Per epoch: when the source's leader was first asked to let the target stop. */
  readonly #askedAtMs = new Map<string, number>();
  /** When somebody last asked that this datacenter follows another one. */
  #followsAtMs = Number.NEGATIVE_INFINITY;

  constructor(site: Site) {
    this.#site = site;
    site.database.onMakeWritable = (from) => this.#checkMayMakeWritable(from);
    site.chronicle.onEvent.push((event, _, before) => this.#onEvent(event, before));
  }

  /** A user's write was acknowledged here. */
  acknowledged(write: number): void {
    for (const { barrier } of this.#site.chronicle.state.outgoing.values()) {
      if (barrier?.ticks) this.#breaks(barrier.epoch, write);
    }
    const { heldFor } = this.#site.chronicle.state.serverMode;
    if (heldFor !== null) this.#breaks(heldFor.barrierEpoch, write);
  }

  #breaks(epoch: string, write: number): void {
    if (!this.#broken.has(epoch)) this.#broken.set(epoch, { write, atMs: this.#site.world.nowMs });
  }

  /** What is written to a datacenter that already was asked to follow another one may be lost. */
  followsNow(): void {
    this.#followsAtMs = this.#site.world.nowMs;
  }

  /** A target asks whether it may stop behind its barrier; what is written after that, it need not have. */
  asked(epoch: string | undefined): void {
    if (epoch === undefined || this.#askedAtMs.has(epoch)) return;
    this.#askedAtMs.set(epoch, this.#site.world.nowMs);
  }

  /** Nobody of ours takes a barrier away that somebody still relies on (S9). */
  #checkMayMakeWritable(from: SimProcess): void {
    const master = this.#site.masters.find(({ process }) => process === from)?.master;
    for (const { targetId, barrier } of master?.state.outgoing.values() ?? []) {
      if (barrier?.ticks) this.#fail(`${master?.id} makes it writable behind the barrier of ${targetId}`);
    }
  }

  #onEvent(event: KnownEvent, before: ControlState): void {
    if (event.type === 'SyncConfigured') this.#checkReversal(before);
    if (event.type !== 'OutgoingStopped' || event.data.barrierEpoch === undefined) return;
    const { targetId, barrierEpoch } = event.data;
    const barrier = before.outgoing.get(targetId)?.barrier;
    if (barrier?.epoch !== barrierEpoch || barrier.ticks === null) {
      this.#fail(`${targetId} stops behind the barrier ${barrierEpoch}, which does not hold`);
      return;
    }
    this.ensured += 1;
    const askedAtMs = this.#askedAtMs.get(barrierEpoch) ?? Number.POSITIVE_INFINITY;
    const broken = this.#broken.get(barrierEpoch);
    if (broken !== undefined && broken.atMs < askedAtMs) {
      this.#fail(`${targetId} stops behind a barrier although write ${broken.write} was acknowledged behind it`);
    }
    const { other } = this.#site;
    if (other?.id === targetId) this.#checkHasAll(other, broken?.write);
  }

  #checkReversal({ serverMode: { heldFor } }: ControlState): void {
    const broken = heldFor === null ? undefined : this.#broken.get(heldFor.barrierEpoch);
    if (broken === undefined || broken.atMs >= this.#followsAtMs) return;
    this.#fail(`a reversal loses write ${broken.write}, which was acknowledged while the source was held for it`);
  }

  #checkHasAll(target: Site, newest: number | undefined): void {
    for (const [name, { writes }] of this.#site.users.collections) {
      const there = new Set(target.users.collections.get(name)?.writes);
      const missing = writes.filter((write) => !there.has(write) && write < (newest ?? Number.POSITIVE_INFINITY));
      if (missing.length === 0) continue;
      this.#fail(
        `${target.id} stops in sync and lacks ${missing.length} writes of ${name}, the first is ${missing[0]}`,
      );
    }
  }

  #fail(what: string): void {
    this.#site.world.fail(`${this.#site.id}: ${what}`);
  }
}
