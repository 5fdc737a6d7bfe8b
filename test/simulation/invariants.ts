import type { Head } from '../../src/events/log.ts';
import type { EventData, KnownEvent } from '../../src/events/vocabulary.ts';
import type { ControlState } from '../../src/projections/control-state.ts';
import { checkFold } from './chronicle.ts';
import { times } from './master-node.ts';
import type { SimProcess } from './process.ts';
import type { Site } from './site.ts';

/** Within this time a master that runs reads its log: requests that are lost time out before. */
const noticedMsMax = 25_000;

/** What must be true of a datacenter after every step. Each breach is reported to the world. */
export class Invariants {
  readonly #site: Site;
  /** Where each process stood in the log. */
  readonly #heads = new WeakMap<SimProcess, Head>();

  #cancelledAtMs = Number.NEGATIVE_INFINITY;

  constructor(site: Site) {
    this.#site = site;
    site.chronicle.onEvent.push((event, _, before) => this.#onEvent(event, before));
  }

  check(): void {
    this.#oneActs();
    this.#oneOwner();
    this.#foldsAgree();
    this.#remembered();
  }

  /** A master that remembers what its log has lost stops, as soon as it can see that (S18). */
  #remembered(): void {
    const { chronicle, masters, wentBackAtMs, world } = this.#site;
    if (!Number.isFinite(wentBackAtMs) || world.nowMs - wentBackAtMs < 2 * noticedMsMax) return;
    for (const { process, master } of masters) {
      if (master === undefined || !process.hasRunFor(noticedMsMax)) continue;
      if (!chronicle.contains(master.head))
        this.#fail(`${master.id} remembers a commit that its log has lost, and goes on`);
    }
  }

  /** At most one master acts at a time (S12), also when its machine stood still. */
  #oneActs(): void {
    const acting = this.#site.masters.filter(({ process, master }) => !process.isDead && master?.leads === true);
    if (acting.length > 1) this.#fail(`${acting.map(({ master }) => master?.id).join(' and ')} lead at the same time`);
  }

  /** At most one worker whose writes the database takes runs a task, and at most one receives a shard. */
  #oneOwner(): void {
    const { tasks } = this.#site.chronicle.state;
    // An assignment that the log has lost is known to its worker alone, until its lease ends.
    const hasLostSome = this.#site.world.nowMs - this.#site.wentBackAtMs < noticedMsMax + times.workerLeaseMs;
    const owners = new Map<string, string>();
    const receivers = new Map<string, string>();
    for (const worker of this.#site.workers) {
      if (worker.process.isDead || worker.tokenUntilMs < this.#site.world.nowMs) continue;
      for (const { id, type, shard } of worker.roles?.running() ?? []) {
        if (hasLostSome && tasks.get(id)?.workerId !== worker.id) continue;
        this.#own(owners, 'task', id, worker.id);
        if (type === 'receive-shard' && shard !== undefined)
          this.#own(receivers, 'shard of', shard.collection, worker.id);
      }
    }
  }

  #own(owners: Map<string, string>, what: string, name: string, workerId: string): void {
    const other = owners.get(name);
    if (other !== undefined && other !== workerId) this.#fail(`${other} and ${workerId} both run ${what} ${name}`);
    owners.set(name, workerId);
  }

  #foldsAgree(): void {
    for (const { process, master } of this.#site.masters) {
      if (master === undefined || process.isDead) continue;
      const head = master.head;
      const before = this.#heads.get(process);
      if (before !== undefined && before.position === head.position && before.hash === head.hash) continue;
      if (head.position < (before?.position ?? 0)) this.#fail(`${master.id} went back in the log to ${head.position}`);
      this.#heads.set(process, head);
      if (process.startedAtMs <= this.#site.wentBackAtMs && !this.#site.chronicle.contains(head)) continue;
      checkFold(this.#site.chronicle, master.id, head, () => master.state, this.#site.world);
    }
  }

  #onEvent(event: KnownEvent, before: ControlState): void {
    if (event.type === 'SyncFailed') this.#checkFailed(event.data);
    if (event.type === 'SyncConfigured') this.#checkNoLoop();
    const isFirst = before.synchronization.phase !== 'cancelling';
    if (event.type === 'SyncCancelRequested' && isFirst) this.#cancelledAtMs = this.#site.world.nowMs;
    if (event.type !== 'SyncStopped') return;
    if (!event.data.aborted && this.#site.sourceToldAtMs < this.#cancelledAtMs)
      this.#fail('the synchronization has stopped, and the source was not told');
    for (const { id, process, tokenUntilMs, roles } of this.#site.workers) {
      if (process.isDead || tokenUntilMs < this.#site.world.nowMs) continue;
      const running = [...(roles?.running() ?? [])].find(({ type }) => type.startsWith('receive-'));
      if (running !== undefined) this.#fail(`the synchronization has stopped, and ${id} still runs ${running.id}`);
    }
  }

  /** Only what an operator did at the source ends a synchronization by itself. */
  #checkFailed({ code, reason }: EventData<'SyncFailed'>): void {
    const isForgotten = this.#site.other?.chronicle.wasAborted(this.#site.id) === true;
    // Or our own log has lost that this synchronization was stopped, and the source has it as ended.
    const hasLostItsEnd = Number.isFinite(this.#site.wentBackAtMs);
    if (code === 'forgotten-by-source' && (isForgotten || hasLostItsEnd)) return;
    if (code === 'own-log-lost' && hasLostItsEnd) return;
    // What the source's log has lost may be the registration, or the head that is remembered (S1).
    if (Number.isFinite(this.#site.other?.wentBackAtMs) && code !== 'source-replaced') return;
    this.#fail(`the synchronization fails without a reason: ${reason}`);
  }

  #checkNoLoop(): void {
    if (this.#site.other?.chronicle.state.synchronization.phase === 'active')
      this.#fail('it follows a datacenter that follows it');
  }

  #fail(what: string): void {
    this.#site.world.fail(`${this.#site.id}: ${what}`);
  }
}
