import { ArangoCommitStore } from '../../src/adapters/arangodb/event-log.ts';
import { ChainedLog } from '../../src/events/chained-log.ts';
import type { Master } from '../../src/master/master.ts';
import { archiveLog } from '../../src/projections/archive.ts';
import { ControlPlane } from '../../src/projections/control-state.ts';
import { ApiError } from '../../src/wire/api-error.ts';
import type { Caller } from '../../src/wire/caller.ts';
import { askMasters } from './ask-masters.ts';
import { credentials, hasher } from './keys.ts';
import { SimProcess } from './process.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

const caller: Caller = { kind: 'user', name: 'root' };
const callMsMax = 15_000;
const againMs = 700;

/** People at the command line of the target, users who write to the source, and the clock that archives. */
export class Operators {
  readonly counts = new Map<string, number>();
  readonly #world: World;
  readonly #source: Site;
  readonly #target: Site;
  readonly #process: SimProcess;
  #isOver = false;
  #collections = 0;

  constructor(world: World, source: Site, target: Site) {
    this.#world = world;
    this.#source = source;
    this.#target = target;
    this.#process = new SimProcess(world, 'operator');
  }

  begin(): void {
    for (let i = 0; i < 4; i += 1) this.#addCollection();
    void this.#configureUntilDone();
    this.#writing();
    this.#commanding();
  }

  /** No more writes and commands; what was stopped is configured again. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#configureUntilDone();
    await this.#resumeUntilDone();
  }

  #writing(): void {
    if (this.#isOver) return;
    const shard = this.#world.random.pick(this.#source.data.shards());
    if (shard !== undefined) this.#source.write(shard);
    this.#world.plan(this.#world.random.between(50, 400), () => this.#writing());
  }

  #commanding(): void {
    this.#world.plan(this.#world.random.between(500, 8_000), () => {
      if (this.#isOver) return;
      void this.#command();
      this.#commanding();
    });
  }

  async #command(): Promise<void> {
    const { random } = this.#world;
    const commands: readonly [string, () => Promise<unknown>][] = [
      ['configure', () => this.#ask('configure', (master, gone) => this.#configure(master, gone))],
      ['reset', () => this.#reset()],
      ['add a collection', async () => this.#addCollection()],
      ['remove a collection', async () => this.#removeCollection()],
      ['make the target writable', async () => this.#makeWritable()],
      ['set the message timeout', () => this.#setMessageTimeout()],
      ['archive', () => this.#archive()],
      ['cancel and configure again', () => this.#cancel()],
      ['pause and resume', () => this.#pause()],
    ];
    // Archiving meets a writer from the past only when it happens while requests are late.
    const isLate = this.#target.network.weather.delayed > 0 && random.chance(0.5);
    const [name, run] = isLate
      ? ['archive', () => this.#archive()]
      : (random.pick(commands) as (typeof commands)[number]);
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#world.note(`operator: ${name}`);
    try {
      await run();
      this.#world.note(`operator: ${name} is done`);
    } catch (error) {
      this.#world.note(`operator: ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #configureUntilDone(): Promise<void> {
    for (;;) {
      try {
        await this.#ask('configure', (master, gone) => this.#configure(master, gone));
        return;
      } catch (error) {
        this.#world.note(`operator: configure failed: ${error instanceof Error ? error.message : String(error)}`);
        await this.#process.clock.sleep(againMs);
      }
    }
  }

  #configure(master: Master, gone: AbortSignal): Promise<void> {
    const source = this.#source.masters.map(({ publicEndpoint }) => publicEndpoint);
    return master.sync.configure({ source, authentication: credentials }, caller, gone);
  }

  async #reset(): Promise<void> {
    const shard = this.#world.random.pick(this.#source.data.shards());
    if (shard === undefined) return;
    const { database, collection } = shard;
    await this.#ask('reset', ({ sync }, gone) => sync.resetShards({ database, collection }, caller, gone));
  }

  async #setMessageTimeout(): Promise<void> {
    const messageTimeout = 1_000_000_000 * (1 + this.#world.random.below(1_000));
    await this.#ask('set message timeout', ({ sync }, gone) =>
      sync.setMessageTimeout({ messageTimeout }, caller, gone),
    );
  }

  /** With or without force, and then again from the beginning. */
  async #cancel(): Promise<void> {
    const force = this.#world.random.chance(0.5);
    const request = { force, target_server_mode: 'default' as const, source_server_mode: 'default' as const };
    await this.#ask('cancel', ({ sync }, gone) => sync.cancel(request, caller, gone));
    await this.#process.clock.sleep(this.#world.random.between(0, 6_000));
    await this.#configureUntilDone();
  }

  async #pause(): Promise<void> {
    await this.#ask('pause', ({ sync }, gone) => sync.pause({}, caller, gone));
    await this.#process.clock.sleep(this.#world.random.between(0, 10_000));
    await this.#resumeUntilDone();
  }

  /** Refused where it was stopped meanwhile: then nothing is paused. */
  async #resumeUntilDone(): Promise<void> {
    for (;;) {
      try {
        await this.#ask('resume', ({ sync }, gone) => sync.resume(caller, gone));
        return;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#world.note(`operator: resume failed: ${why}`);
        if (why.startsWith('refused: 412')) return;
        await this.#process.clock.sleep(againMs);
      }
    }
  }

  #addCollection(): void {
    this.#collections += 1;
    this.#source.addCollection(`c${this.#collections}`);
  }

  #removeCollection(): void {
    const shards = this.#source.data.shards();
    const shard = this.#world.random.pick(shards);
    if (shard !== undefined && shards.length > 2) this.#source.removeCollection(shard.collection);
  }

  /** Somebody forgets that a target is read-only. */
  #makeWritable(): void {
    this.#target.database.deployment.front.mode = 'default';
  }

  /** Old commits of one of the logs are archived, by its leader (S10). */
  async #archive(): Promise<void> {
    const site = this.#world.random.chance(0.5) ? this.#source : this.#target;
    const node = site.masters.find(({ master }) => master?.leads === true);
    if (node?.master === undefined) return;
    const { process, master } = node;
    const { front } = site.database.reachedBy(process);
    const sleep = (ms: number, signal?: AbortSignal) => process.clock.sleep(ms, signal);
    const log = new ChainedLog({ store: new ArangoCommitStore(front), hasher, sleep });
    const plane = new ControlPlane(master.state, master.head);
    const writer = {
      term: master.state.leadership.term,
      writer: master.id,
      at: process.clock.now().toISOString(),
      cause: 'archive',
    };
    await archiveLog(log, plane, { writer, newEventId: () => site.newId().padStart(26, '0') });
  }

  #ask<T>(what: string, handle: (master: Master, gone: AbortSignal) => Promise<T>): Promise<T> {
    const nodes = this.#target.masters;
    const { network } = this.#target;
    return askMasters({ network, from: this.#process, nodes, what, handle, timeoutMs: callMsMax }).catch((error) => {
      if (error instanceof ApiError) throw new Error(`refused: ${error.status} ${error.message}`);
      throw error;
    });
  }
}
