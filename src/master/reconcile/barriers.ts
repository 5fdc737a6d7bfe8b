import type { Barrier } from '../../domain/outgoing/state.ts';
import type { ServerTick } from '../../events/types/barrier.ts';
import type { ArangoDeployment } from '../../replication/arango.ts';
import { runningWrites, textOfWrites } from '../running-writes.ts';
import { type NotReadOnly, notReadOnly } from '../server-mode.ts';
import { readDatabase } from '../structure/local-structure.ts';
import type { Core } from './core.ts';
import { mayStillReceive } from './letting-go.ts';

interface LastTick {
  readonly tick: string;
  readonly server: { readonly serverId: string };
}

/**
 * The source's side of barriers (S8): establishes those that were set, once nothing can be written any more, and lifts
 * one as soon as a server is seen that takes writes. Ends a hold for a reversal the same way.
 */
export class BarrierReconciler {
  readonly #core: Core;
  /** Per epoch: what it waits for, for people. */
  readonly #waitsFor = new Map<string, string>();
  /** How often this deployment was seen writable, and made read-only again. */
  #timesWritable = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Why a barrier is not established yet; `''` when nothing is known. */
  waitsFor(epoch: string): string {
    return this.#waitsFor.get(epoch) ?? '';
  }

  async step(signal: AbortSignal): Promise<void> {
    const barriers = this.#barriers();
    const epochs = new Set(barriers.map(({ barrier }) => barrier.epoch));
    for (const epoch of this.#waitsFor.keys()) if (!epochs.has(epoch)) this.#waitsFor.delete(epoch);
    if (barriers.length === 0 && this.#core.control.state.serverMode.heldFor === null) return;
    const writable = await this.#writable(signal);
    await this.#watchHold(writable, signal);
    for (const { targetId, barrier } of barriers.filter(({ barrier: { ticks } }) => ticks !== null)) {
      await this.#watch(targetId, barrier, writable, signal);
    }
    const waiting = barriers.filter(({ barrier: { ticks } }) => ticks === null);
    if (waiting.length > 0) await this.#establish(waiting, writable, signal);
  }

  /** This deployment was seen writable: no barrier that was established holds any more, and no reversal is safe. */
  async liftBroken(signal: AbortSignal): Promise<void> {
    this.#timesWritable += 1;
    for (const { targetId, barrier } of this.#barriers()) {
      if (barrier.ticks !== null) await this.#lift(targetId, barrier, 'the source was made writable', signal);
    }
    await this.#breakHold('it was made writable', signal);
  }

  /** Looks whether every server refuses writes at this moment, where a reversal relies on that. */
  async confirmHold(signal: AbortSignal): Promise<void> {
    if (this.#core.control.state.serverMode.heldFor === null) return;
    await this.#watchHold(await this.#writable(signal), signal);
  }

  async #watchHold(writable: readonly NotReadOnly[], signal: AbortSignal): Promise<void> {
    const seen = writable.filter(({ isWritable }) => isWritable);
    if (seen.length > 0) await this.#breakHold(textOf(seen), signal);
  }

  async #breakHold(reason: string, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    if (control.state.serverMode.heldFor === null) return;
    ports.logger.warn(`this deployment was held read-only for a reversal, which is refused from now on: ${reason}`);
    await desk.internal({ kind: 'break-hold', reason }, 'barrier', signal);
  }

  /** Looks whether every server refuses writes at this moment; a barrier that does not hold is lifted. */
  async confirm(targetId: string, signal: AbortSignal): Promise<void> {
    const barrier = this.#core.control.state.outgoing.get(targetId)?.barrier;
    if (!barrier?.ticks) return;
    const writable = await this.#writable(signal);
    if (writable.length > 0) await this.#lift(targetId, barrier, textOf(writable), signal);
  }

  async #watch(
    targetId: string,
    barrier: Barrier,
    writable: readonly NotReadOnly[],
    signal: AbortSignal,
  ): Promise<void> {
    // A server that is silent cannot be written either; whether it kept its mode shows when it answers.
    const seen = writable.filter(({ isWritable }) => isWritable);
    if (seen.length > 0) await this.#lift(targetId, barrier, textOf(seen), signal);
  }

  async #lift(targetId: string, { epoch }: Barrier, what: string, signal: AbortSignal): Promise<void> {
    this.#core.ports.logger.warn(`the barrier of target ${targetId} is broken: ${what}`);
    await this.#core.desk.internal({ kind: 'lift-barrier', targetId, epoch, reason: what }, 'barrier', signal);
  }

  async #establish(
    waiting: readonly { readonly targetId: string; readonly barrier: Barrier }[],
    writable: readonly NotReadOnly[],
    signal: AbortSignal,
  ): Promise<void> {
    const { desk, ports, settings } = this.#core;
    const { deployment, clock } = ports;
    const wait = (reason: string) => {
      for (const { barrier } of waiting) this.#waitsFor.set(barrier.epoch, reason);
    };
    if (writable.length > 0) return wait(textOf(writable));
    // In a chain: our own workers write as well, and a read-only server lets them.
    const follows = this.#core.control.state.synchronization.phase !== 'inactive';
    if (follows && mayStillReceive(this.#core)) return wait('workers to let go of what this deployment receives');
    const writes = await runningWrites(deployment, signal);
    if (writes.length > 0) return wait(textOfWrites(writes));
    wait('the last writes to end');
    const timesWritable = this.#timesWritable;
    await clock.sleep(settings.times.barrierQuietMs, signal);
    signal.throwIfAborted();
    const before = await leadersOf(deployment, signal);
    const ticks = await lastTicks(deployment, signal);
    const [after, now] = await Promise.all([leadersOf(deployment, signal), this.#writable(signal)]);
    if (before !== after) return wait('shards whose leader has just moved');
    if (now.length > 0) return wait(textOf(now));
    // Made writable and read-only again meanwhile: what began in between may still end.
    if (timesWritable !== this.#timesWritable) return wait('the last writes to end');
    for (const { targetId, barrier } of waiting) {
      const command = { kind: 'establish-barrier', targetId, epoch: barrier.epoch, ticks } as const;
      await desk.internal(command, 'barrier', signal);
      ports.logger.info(`the barrier of target ${targetId} is established`, { epoch: barrier.epoch });
      const established = this.#core.control.state.outgoing.get(targetId)?.barrier;
      if (timesWritable !== this.#timesWritable && established) {
        await this.#lift(targetId, established, 'it was writable', signal);
      }
    }
  }

  async #writable(signal: AbortSignal): Promise<NotReadOnly[]> {
    return await notReadOnly(await this.#core.ports.deployment.everyServer(signal), signal);
  }

  #barriers(): { readonly targetId: string; readonly barrier: Barrier }[] {
    return [...this.#core.control.state.outgoing.values()].flatMap(({ targetId, barrier }) =>
      barrier === null ? [] : [{ targetId, barrier }],
    );
  }
}

function textOf(servers: readonly NotReadOnly[]): string {
  return servers.map(({ text }) => text).join(', ');
}

/** One text for who leads which shard; another text after a move. */
async function leadersOf(deployment: ArangoDeployment, signal: AbortSignal): Promise<string> {
  if (deployment.kind === 'single') return '';
  const leaders: unknown[] = [];
  for (const database of [...(await deployment.databases(signal))].sort()) {
    const { collections } = await readDatabase(deployment, database, signal);
    leaders.push([database, collections.map(({ id, shards }) => [id, shards])]);
  }
  return JSON.stringify(leaders);
}

/** Ends of the logs of all DB-Servers; throws when one does not answer. */
async function lastTicks(deployment: ArangoDeployment, signal: AbortSignal): Promise<ServerTick[]> {
  const servers = await deployment.dbServers(signal);
  return await Promise.all(
    servers.map(async ({ id }) => {
      const server = await deployment.dbServer(id);
      const {
        tick,
        server: { serverId },
      } = await server.json<LastTick>({ method: 'GET', path: '/_api/wal/lastTick', signal });
      return { dbServer: id, serverId, tick };
    }),
  );
}
